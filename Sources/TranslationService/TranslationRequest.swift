public import Decoding

/// Texts to translate under one set of options.
public struct TranslationRequest: Sendable {
    /// At least one; a text without pieces is answered without decoding.
    public var texts: [String]
    /// How to decode each of them.
    public var options: DecodingOptions
    /// Longest source, end of sentence included; never above the model's positions.
    public var maximumSourceTokens: Int
    /// Seconds from submission until the request is given up; nil: never.
    public var timeout: Double?
    /// Whether it is the server's own trial of a model, which is not counted among requests.
    public var isTrial = false

    /// A request without deadline.
    public init(texts: [String], options: DecodingOptions, maximumSourceTokens: Int) {
        self.texts = texts
        self.options = options
        self.maximumSourceTokens = maximumSourceTokens
    }
}

/// What became of a request.
public struct TranslationResult: Sendable {
    /// One for each text, in their order.
    public let translations: [Translation]
    /// Source ids of all texts together, end of sentence included; texts without pieces count none.
    public let sourceTokens: Int
    /// Where the time went.
    public let timings: Timings
}

/// One translated text.
public struct Translation: Sendable {
    /// Best first, at least one: the translation, then its alternatives.
    public let outputs: [Output]
    /// What it cost.
    public let compute: ComputeRecord
    /// S, end of sentence included; 0 for a text without pieces.
    public let sourceTokens: Int

    /// One output.
    public struct Output: Sendable {
        /// Its text.
        public let text: String
        /// The pieces of its tokens, as long as `hypothesis.tokens`.
        public let pieces: [String]
        /// Tokens, exits, score.
        public let hypothesis: Hypothesis
    }
}

/// Seconds that a request spent in each stage.
public struct Timings: Sendable, Equatable {
    /// From submission until a worker took it.
    public var queue = 0.0
    /// Segmenting all its texts.
    public var tokenize = 0.0
    /// In encoder runs that it took part in.
    public var encode = 0.0
    /// From the first encoded sentence until the last finished one.
    public var decode = 0.0
    /// From submission until the answer.
    public var total = 0.0

    /// Nothing spent.
    public init() {}
}
