/// What a model made of an input.
public struct InputTranslation: Sendable, Equatable {
    /// The translation of the input's text.
    public let text: String
    /// What each token of the translation was made from, ascending by `target`; empty where the model does not say.
    public let alignment: [AlignedSpan]

    /// - Parameters:
    ///   - text: the translation of the input's text.
    ///   - alignment: what each of its tokens was made from.
    public init(_ text: String, alignment: [AlignedSpan] = []) {
        self.text = text
        self.alignment = alignment
    }
}

extension InputTranslation {
    /// The translation without the full stop that a model gives every sentence, where the part of one that it is of has
    /// none at its end.
    func withoutStop(notIn source: String) -> Self {
        guard text.hasSuffix("."), !text.hasSuffix(".."), text != ".",
            let last = source.unicodeScalars.last, !SentenceBreakClass(last).isTerminator
        else { return self }
        let rest = 0..<(text.utf8.count - 1)
        return Self(
            String(text.dropLast()),
            alignment: alignment.map {
                AlignedSpan(target: $0.target.clamped(to: rest), source: $0.source)
            }.filter { !$0.target.isEmpty })
    }
}

/// A token of a translation and the part of the input that it was made from.
public struct AlignedSpan: Sendable, Equatable {
    /// The token's place in the translation, in UTF-8 offsets.
    public let target: Range<Int>
    /// The place in the input's text, in UTF-8 offsets.
    public let source: Range<Int>

    /// - Parameters:
    ///   - target: the token's place in the translation.
    ///   - source: the place in the input's text.
    public init(target: Range<Int>, source: Range<Int>) {
        self.target = target
        self.source = source
    }

    /// The pair, moved on in both texts.
    public func moved(target targetOffset: Int, source sourceOffset: Int) -> Self {
        Self(
            target: (target.lowerBound + targetOffset)..<(target.upperBound + targetOffset),
            source: (source.lowerBound + sourceOffset)..<(source.upperBound + sourceOffset))
    }
}
