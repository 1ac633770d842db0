/// A line of a text as the sentence rules see it.
///
/// An index counts the significant scalars of the line (UAX #29, SB5); `places` gives its place in the text.
final class Line {
    let classes: [SentenceBreakClass]
    let places: [Int]
    /// The scalars' values; 0xFFFC (OBJECT REPLACEMENT CHARACTER) in a protected span.
    let values: [UInt32]
    /// The condition of SB8 for each index.
    let lowerFollows: [Bool]
    let brackets: BracketPairs
    /// Whether no letter is a capital, so that case says nothing about sentences.
    let isCaseless: Bool
    let rules: LanguageRules

    init(
        _ scalars: [Unicode.Scalar], _ classes: [SentenceBreakClass], in range: Range<Int>,
        rules: LanguageRules
    ) {
        let significant = SignificantScalars(classes, in: range)
        self.classes = significant.classes
        places = significant.places
        values = significant.places.map {
            classes[$0] == .opaque ? 0xFFFC : scalars[$0].value
        }
        lowerFollows = significant.lowerFollows()
        brackets = BracketPairs(values)
        isCaseless = !significant.classes.contains(.upper)
        self.rules = rules
    }

    var count: Int { classes.count }

    /// Whether a blank is before the index, or nothing.
    func isBlank(before index: Int) -> Bool { index == 0 || classes[index - 1] == .space }

    /// The first index from `index` on that is not of the class.
    func skip(_ type: SentenceBreakClass, from index: Int) -> Int {
        var index = index
        while index < count, classes[index] == type { index += 1 }
        return index
    }

    /// The index of the first scalar from `index` on that may begin a word: brackets, quotation marks and the
    /// marks ¿ and ¡ are stepped over.
    func wordStart(from index: Int) -> Int {
        var index = index
        while index < count,
            classes[index] == .close || values[index] == 0xBF || values[index] == 0xA1
        {
            index += 1
        }
        return index
    }

    /// The letters from `index` on, with apostrophes within; at most 24.
    func word(from index: Int) -> Word {
        var end = index
        while end < min(count, index + 24),
            classes[end].isLetter
                || (end > index && Self.isApostrophe(values[end]) && end + 1 < count
                    && classes[end + 1].isLetter)
        {
            end += 1
        }
        return Word(line: self, range: index..<end)
    }

    /// The letters, digits and dots before `index`, with hyphens and the marks ° º ª; at most 24, not beyond
    /// `start`.
    func token(before index: Int, start: Int) -> Word {
        var first = index
        let least = max(start, index - 24)
        while first > least, Self.isPartOfToken(classes[first - 1], values[first - 1]) {
            first -= 1
        }
        while first < index, classes[first] == .aTerm || values[first] == 0x2D { first += 1 }
        return Word(line: self, range: first..<index)
    }

    private static func isPartOfToken(_ type: SentenceBreakClass, _ value: UInt32) -> Bool {
        switch value {
        case 0x2E, 0x2D, 0xB0, 0xBA, 0xAA, 0xA7, 0x2116: true
        default: type.isLetter || type == .numeric
        }
    }

    static func isApostrophe(_ value: UInt32) -> Bool { value == 0x27 || value == 0x2019 }
}

/// A part of a line that is looked up in the rules.
struct Word {
    let line: Line
    let range: Range<Int>

    var isEmpty: Bool { range.isEmpty }

    /// The scalars in lower case.
    var lowered: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range {
            let value = line.values[index]
            guard value < 0x80 else {
                return String(range.lazy.compactMap { Unicode.Scalar(self.line.values[$0]) })
                    .lowercased()
            }
            bytes.append(UInt8(value) | (0x41...0x5A ~= value ? 0x20 : 0))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the first scalar is a capital.
    var isCapitalised: Bool { !isEmpty && line.classes[range.lowerBound] == .upper }

    /// A word that begins sentences, written with a capital.
    var isStarter: Bool {
        guard isCapitalised else { return false }
        let lowered = lowered
        if line.rules.starters.contains(lowered) { return true }
        // The elided word of "L'été", "C'est".
        guard let apostrophe = range.first(where: { Line.isApostrophe(line.values[$0]) }) else {
            return false
        }
        let elided = Word(line: line, range: range.lowerBound..<apostrophe).lowered
        return line.rules.starters.contains(elided + "'") || line.rules.starters.contains(elided)
    }

    /// Whether all scalars are digits, dots and commas, one digit at least.
    var isNumber: Bool {
        !isEmpty && line.classes[range.lowerBound] == .numeric
            && range.allSatisfy { line.classes[$0] == .numeric || line.values[$0] == 0x2E }
    }

    /// The number of letters.
    var letters: Int { range.count { line.classes[$0].isLetter } }

    /// Whether the letters are all small.
    var isSmall: Bool { range.allSatisfy { line.classes[$0] == .lower } }
}
