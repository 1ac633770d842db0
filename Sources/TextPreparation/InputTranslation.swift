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
        return withoutLastScalar
    }

    /// The translation without the mark at its end, of a sentence that has none; the dot of an abbreviation and several
    /// marks stay.
    ///
    /// - Parameters:
    ///   - source: what the model was given, with a mark.
    ///   - rules: of the translation's language.
    /// - Returns: the translation, its alignment cut to it.
    func withoutMark(of source: String, _ rules: LanguageRules) -> Self {
        let scalars = text.unicodeScalars
        guard let last = scalars.last, SentenceBreakClass(last).isTerminator,
            let before = scalars.dropLast().last, !SentenceBreakClass(before).isTerminator,
            last != "." || text == source || !rules.endsAsAbbreviation(lastWord)
        else { return self }
        return withoutLastScalar
    }

    /// What stands behind the last blank, without the mark at its end, in small letters.
    private var lastWord: String {
        let scalars = text.unicodeScalars.dropLast()
        let start = scalars.lastIndex { $0.isBlank }.map { scalars.index(after: $0) }
        return String(scalars[(start ?? scalars.startIndex)...]).lowercased()
    }

    private var withoutLastScalar: Self {
        let kept = String(text.unicodeScalars.dropLast())
        let rest = 0..<kept.utf8.count
        return Self(
            kept,
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
