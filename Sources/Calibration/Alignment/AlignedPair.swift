public import Tokenization

/// A pair of sentences whose target the network is made to produce, with the words of both.
public struct AlignedPair: Sendable {
    /// Source ids, end of sentence included: S of them.
    public let source: [Int]
    /// Target ids, end of sentence included.
    public let target: [Int]
    /// The words of the source.
    public let sourceWords: WordRanges
    /// The words of the target.
    public let targetWords: WordRanges
    private let sourceWord: [Int?]
    private let targetWord: [Int?]

    /// Segments a pair.
    public init(_ sourceText: String, _ targetText: String, _ tokenizer: Tokenizer) {
        let encoded = tokenizer.encodeWithRanges(sourceText)
        source = encoded.ids
        target = tokenizer.encodeTarget(targetText)
        let decoded = tokenizer.decodeWithRanges(target)
        let words = (WordRanges(sourceText), WordRanges(decoded.text))
        (sourceWords, targetWords) = words
        sourceWord = encoded.ranges.map { words.0.index(of: $0) }
        targetWord = decoded.ranges.map { words.1.index(of: $0) }
    }

    /// The words that belong together by the source position of each target token.
    ///
    /// - Parameter alignment: for each target id a source position.
    /// - Returns: the links of all tokens that are part of words.
    public func links(_ alignment: [Int]) -> Set<WordLink> {
        var links: Set<WordLink> = []
        for (token, position) in alignment.enumerated() {
            guard let target = targetWord[token], let source = sourceWord[position] else {
                continue
            }
            links.insert(WordLink(source: source, target: target))
        }
        return links
    }
}
