/// What a model knows of words, for choosing among several spellings of one.
extension SentencePieceProcessor {
    /// The logarithm of the probability that a unigram model gives the best segmentation of a text.
    ///
    /// It is the sum over the pieces. Each character that no piece covers counts 10 below the worst piece,
    /// as in the search itself.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - isKnown: whether a piece is of use, by its id; one that is not counts as unknown text does.
    /// - Returns: nil for a model whose pieces have no probabilities: those of BPE have ranks.
    public func score(_ text: String, where isKnown: (Int) -> Bool) -> Double? {
        guard case .unigram(let segmenter) = segmenter else { return nil }
        let normalized = normalizer.normalize(text.utf8.span)
        return segmenter.segments(of: normalized.span).reduce(0) { sum, segment in
            var segment = segment
            if segment.id != Segment.unknown, !isKnown(Int(segment.id)) {
                segment.id = Segment.unknown
            }
            return sum + Double(segmenter.score(of: segment))
        }
    }

    /// Whether pieces cover the whole text.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - isKnown: whether a piece is of use, by its id.
    ///   - unknown: whether text that no piece covers is known otherwise, from its bytes.
    /// - Returns: false where a character is unknown or spelt in bytes.
    public func covers(
        _ text: String, where isKnown: (Int) -> Bool, unknown: (ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        let normalized = normalizer.normalize(text.utf8.span)
        return tokens(of: normalized.span).allSatisfy { token in
            let id = Int(token.id)
            if id == vocabulary.unknownID { return unknown(normalized[token.range]) }
            return vocabulary.kinds[id] != .byte && isKnown(id)
        }
    }
}
