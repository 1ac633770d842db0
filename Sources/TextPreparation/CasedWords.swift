/// A word of letters, with apostrophes within, as rules of case see it.
struct CasedWord {
    /// Its place, in scalars.
    let range: Range<Int>
    let text: String
    /// The number of its capitals.
    let upper: Int
    /// The number of its small letters.
    let lower: Int
    /// Whether it begins with a capital.
    let isCapitalised: Bool

    /// The word at a place.
    init(_ scalars: [Unicode.Scalar], _ range: Range<Int>) {
        var upper = 0
        var lower = 0
        for index in range {
            switch SentenceBreakClass(scalars[index]) {
            case .upper: upper += 1
            case .lower: lower += 1
            default: break
            }
        }
        self.range = range
        self.upper = upper
        self.lower = lower
        text = String(scalars[range])
        isCapitalised = SentenceBreakClass(scalars[range.lowerBound]) == .upper
    }

    /// The words of a text in order, in time proportional to its length.
    static func all(in scalars: [Unicode.Scalar]) -> [Self] {
        all(in: scalars, range: 0..<scalars.count)
    }

    /// The words of a sentence outside of its protected spans.
    static func all(in sentence: CleanSentence) -> [Self] {
        var words: [Self] = []
        var place = 0
        for span in sentence.spans {
            words += all(in: sentence.scalars, range: place..<max(place, span.range.lowerBound))
            place = max(place, span.range.upperBound)
        }
        return words + all(in: sentence.scalars, range: place..<sentence.scalars.count)
    }

    private static func all(in scalars: [Unicode.Scalar], range: Range<Int>) -> [Self] {
        var words: [Self] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            while index < range.upperBound, isPart(scalars, index, from: start) { index += 1 }
            if index > start { words.append(Self(scalars, start..<index)) }
            index = max(index, start + 1)
        }
        return words
    }

    private static func isPart(_ scalars: [Unicode.Scalar], _ index: Int, from start: Int) -> Bool {
        let type = SentenceBreakClass(scalars[index])
        if type.isLetter || (type == .extend && index > start) { return true }
        return index > start && Line.isApostrophe(scalars[index].value) && index + 1 < scalars.count
            && SentenceBreakClass(scalars[index + 1]).isLetter
    }
}
