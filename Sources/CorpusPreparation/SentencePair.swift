/// A sentence and its translation.
public struct SentencePair: Sendable, Hashable {
    /// The sentence.
    public let source: String
    /// Its translation.
    public let target: String

    /// Puts two texts together.
    public init(source: String, target: String) {
        self.source = source
        self.target = target
    }

    /// A pair of what a function makes of each side.
    func map(_ change: (String) -> String) -> SentencePair {
        SentencePair(source: change(source), target: change(target))
    }
}

/// Where a pair was read.
public struct PairPlace: Sendable, Hashable {
    /// Which pair of files, from 0.
    public let input: Int
    /// The line of both files, from 1.
    public let line: Int

    /// Names a place.
    public init(input: Int, line: Int) {
        self.input = input
        self.line = line
    }
}

/// Two lines as they were read.
public struct RawPair: Sendable {
    /// Where.
    public let place: PairPlace
    /// The source; nil: bytes that are no text.
    public let source: String?
    /// The target; nil: bytes that are no text.
    public let target: String?

    /// Puts two lines together.
    public init(_ place: PairPlace, source: String?, target: String?) {
        self.place = place
        self.source = source
        self.target = target
    }
}

/// A pair of the prepared text.
public struct PreparedPair: Sendable, Equatable {
    /// The texts.
    public let pair: SentencePair
    /// How it was made; nil: a pair that was read, cleaned.
    public let augmentation: Augmentation?
    /// The pairs that it was made of, in their order; none for `copy`.
    public let places: [PairPlace]
}
