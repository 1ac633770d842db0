public import Checkpoint
public import Decoding

/// Texts to translate under one set of options.
public struct TranslationRequest: Sendable {
    /// What translates them; nil: the service's standard model.
    public var model: ServedModel?
    /// What translates the texts before it, in their order; empty: nothing does.
    ///
    /// Protected terms and markup hold for all hops, a glossary for the last alone.
    public var earlier: [EarlierHop] = []
    /// The models that its texts pass through from here on: where it is one hop of a route, the others behind it count, too.
    var hops = 1
    /// Whether it goes on with what was taken already: it is neither refused for what waits, nor by a service that stops.
    var isContinuation = false
    /// At least one; a text in which nothing is to be translated is answered without decoding.
    public var texts: [String]
    /// Texts, by index, that are answered as they are.
    public var copied: Set<Int> = []
    /// For each text the translation that is expected of it, or nil; empty: none is.
    ///
    /// What `DecodingOptions.expected` is of a sentence: sentences are matched by their place. The last model of a route takes notice of it.
    public var drafts: [String?] = []
    /// How to decode each of them.
    public var options: DecodingOptions
    /// How texts are taken apart into sentences; nil: each text is one sentence, which the model is given as it is.
    public var preparation: TextOptions?
    /// Longest source, end of sentence included; never above the model's positions.
    ///
    /// A longer sentence is parted; where texts are given to the model as they are, it is refused.
    public var maximumSourceTokens: Int
    /// Seconds from submission until the request is given up; nil: never.
    public var timeout: Double?
    /// What promises something of the exit rule in `options`; nil: nothing does.
    ///
    /// A share of its sentences may be decoded again at full depth, to see whether that holds (`FullDepthChecks`).
    public var certificate: ExitCertificate?
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
    /// What the models before the last made of it, in their order.
    public var earlier: [EarlierResult] = []
}

/// What a model that is not the last of a route made of a request.
public struct EarlierResult: Sendable {
    /// What translated.
    public let model: ServedModel
    /// What it cost.
    public let compute: ComputeRecord
    /// Source ids of all texts together.
    public let sourceTokens: Int
}

/// One translated text.
public struct Translation: Sendable {
    /// The text.
    public let source: String
    /// Best first, at least one: the translation, then its alternatives.
    public let outputs: [Output]
    /// The sentences of the text that were translated, in order; what is between them was copied.
    public let sentences: [Sentence]
    /// What it cost: the sum over its sentences.
    public let compute: ComputeRecord
    /// Source ids of its sentences, each end of sentence included.
    public let sourceTokens: Int

    /// One sentence of a text.
    public struct Sentence: Sendable {
        /// Its place in the text, in UTF-8 offsets.
        public let source: Range<Int>
        /// The place of its translation in the best output, in UTF-8 offsets.
        public let target: Range<Int>
        /// Its tokens among those of the best output.
        public let tokens: Range<Int>
        /// Σ log p / length^α; of a sentence that was translated in parts the mean of theirs by their tokens.
        public let score: Double
        /// Why its translation ended.
        public let finishReason: FinishReason
        /// What it cost.
        public let compute: ComputeRecord
        /// Its source ids, end of sentence included.
        public let sourceTokens: Int
    }

    /// One output.
    public struct Output: Sendable {
        /// Its text.
        public let text: String
        /// The pieces of its tokens, as long as `hypothesis.tokens`.
        public let pieces: [String]
        /// Tokens, exits, score; of several sentences their tokens in a row, the mean of their scores by their
        /// tokens, the first reason other than the end of a sentence, and no alignment.
        public let hypothesis: Hypothesis
        /// Where in the text each token was made from, in UTF-8 offsets; nil where nobody asks
        /// (`DecodingOptions.aligns`).
        public let sources: [Range<Int>]?
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
