/// Learns from text in one language how words are usually written within sentences.
///
/// All lines are counted twice: first words, then pairs of words, of which only those matter whose second word is written
/// in several ways. Memory is proportional to the number of different words.
public struct TruecaseLearner: Sendable {
    /// A word as it is usually written, anywhere or behind one other word.
    public struct Form: Sendable, Equatable {
        /// The word before it, in small letters; nil where it does not matter.
        public let previous: String?
        /// The word.
        public let text: String
    }

    /// How often each form of a word was seen, by the word in small letters.
    private var forms: [String: [String: Int]] = [:]
    /// The same behind another word.
    private var pairs: [Pair: [String: Int]] = [:]

    private struct Pair: Hashable {
        let previous: String
        let word: String
    }

    /// Nothing seen.
    public init() {}

    /// Counts the words of a line that stand within a sentence: behind another word, with blanks or a comma between.
    ///
    /// A line that is not written as running text says nothing: one in capitals, one in small letters, and one of four
    /// words and more that all have capitals.
    ///
    /// - Parameter line: a line of any length.
    public mutating func countWords(of line: String) {
        for (_, word) in Self.inner(line) {
            forms[word.lowercased(), default: [:]][word, default: 0] += 1
        }
    }

    /// Counts the pairs of words of a line, after the words of all lines.
    public mutating func countPairs(of line: String) {
        for (previous, word) in Self.inner(line) {
            let key = word.lowercased()
            guard let previous, isAmbiguous(key) else { continue }
            let pair = Pair(previous: previous.lowercased(), word: key)
            pairs[pair, default: [:]][word, default: 0] += 1
        }
    }

    private func isAmbiguous(_ key: String) -> Bool {
        (forms[key] ?? [:]).values.count { $0 >= Self.fewest } > 1
    }

    /// A form that was seen less often says nothing.
    private static let fewest = 2
    /// The same of a form behind another word, which in addition has to be so large a part of what was seen there.
    private static let fewestBehind = 3
    private static let surePart = 0.75

    /// What was learnt, in no order.
    ///
    /// - Returns: the most frequent form of each word that was seen twice, and of pairs the forms that are others.
    public func learnt() -> [Form] {
        var learnt: [Form] = []
        var usual: [String: String] = [:]
        for (key, counts) in forms {
            let (form, count) = Self.mostFrequent(counts)
            usual[key] = form
            if count >= Self.fewest { learnt.append(Form(previous: nil, text: form)) }
        }
        for (pair, counts) in pairs {
            let (form, count) = Self.mostFrequent(counts)
            let all = counts.values.reduce(0, +)
            guard count >= Self.fewestBehind, Double(count) >= Self.surePart * Double(all),
                form != usual[pair.word]
            else { continue }
            learnt.append(Form(previous: pair.previous, text: form))
        }
        return learnt
    }

    /// The most frequent of equals the one in small letters, whatever the order in which they were seen.
    private static func mostFrequent(_ counts: [String: Int]) -> (form: String, count: Int) {
        var best = (form: "", count: 0)
        for (form, count) in counts
        where count > best.count
            || count == best.count && best.form.utf8.lexicographicallyPrecedes(form.utf8)
        {
            best = (form, count)
        }
        return best
    }

    /// The words within the sentences of a line, each with the word that one blank parts it from.
    private static func inner(_ line: String) -> [(previous: String?, word: String)] {
        let scalars = Array(line.unicodeScalars)
        let words = CasedWord.all(in: scalars).filter { $0.upper + $0.lower > 0 }
        guard words.contains(where: { $0.lower > 0 }), words.contains(where: { $0.upper > 0 }),
            words.count < 4 || !words.allSatisfy(\.isCapitalised)
        else { return [] }
        return zip(words, words.dropFirst()).compactMap { before, word in
            let gap = scalars[before.range.upperBound..<word.range.lowerBound]
            guard !gap.isEmpty, gap.allSatisfy({ $0.isBlank || $0 == "," }) else { return nil }
            return (gap.count == 1 && gap.first?.isBlank == true ? before.text : nil, word.text)
        }
    }
}
