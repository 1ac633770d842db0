public import TranslationModel

/// One produced token.
public struct DecodedToken: Sendable, Equatable {
    /// Target id.
    public let id: Int
    /// Layer where it left, 1 … N, or 0, the side branch; under `speculative` the exit that drafted it, or the last layer where that chose it.
    public let exitLayer: Int
    /// Natural logarithm of its probability by the classifier at that exit, fp32; 0 where nobody wants it (`DecodingOptions.scores`).
    ///
    /// With a repetition penalty or banned n-grams, what these make of it: in greedy search the logarithm of
    /// the probability by the changed logits, in a beam the changed logarithm.
    public let logProbability: Float
}

extension DecodedToken {
    /// The same as a token of the side branch.
    var leavingAtBranch: DecodedToken {
        DecodedToken(id: id, exitLayer: 0, logProbability: logProbability)
    }
}

extension DecodingResult {
    /// The same with tokens of the side branch.
    var leavingAtBranch: DecodingResult {
        DecodingResult(
            hypotheses: hypotheses.map {
                Hypothesis(
                    tokens: $0.tokens.map(\.leavingAtBranch), score: $0.score,
                    finishReason: $0.finishReason, alignment: $0.alignment)
            }, operations: operations, speculation: speculation, candidates: candidates)
    }
}

/// Why an output ended.
public enum FinishReason: String, Sendable {
    /// With the end of sentence.
    case endOfSentence = "eos"
    /// At the length limit.
    case length
    /// At the length limit and in a loop, whose repeated copies were taken away
    /// (`DecodingOptions.cutsLoops`).
    case repetition
}

/// A finished output.
public struct Hypothesis: Sendable, Equatable {
    /// Its tokens, end of sentence included where it has one.
    public let tokens: [DecodedToken]
    /// Σ log p / length^α, of all that was decoded where a loop was cut; 0 where nobody wants it.
    public let score: Double
    /// Why it ended.
    public let finishReason: FinishReason
    /// For each token the source position that it was made from, 0 … S − 1, the end of sentence being
    /// S − 1 (`DecoderStep.alignedSource`); nil unless `DecodingOptions.aligns` asks for it.
    public let alignment: [Int]?

    /// An output as it stands.
    public init(
        tokens: [DecodedToken], score: Double, finishReason: FinishReason, alignment: [Int]? = nil
    ) {
        self.tokens = tokens
        self.score = score
        self.finishReason = finishReason
        self.alignment = alignment
    }
}

/// What decoding a text came to.
public struct DecodingResult: Sendable, Equatable {
    /// Best first; as many as were asked for and found, at least one.
    public let hypotheses: [Hypothesis]
    /// Operations of all steps that were computed for the text.
    public let operations: OperationCount
    /// What became of drafts; nil under other policies than `speculative`.
    public var speculation: SpeculationCount?
    /// Ids that its tokens were chosen from; nil: all.
    public var candidates: Int?
}

/// What `speculative` drafted and read (docs/speculative.md).
public struct SpeculationCount: Sendable, Equatable {
    /// Tokens that were put up for verification.
    public var drafted = 0
    /// Those of them that the last layer chose, too.
    public var accepted = 0
    /// Climbs through all layers; `full` has one for each token.
    public var passes = 0
    /// Bytes of weights read: a layer, head or classifier counts once for a draft or a pass, however many rows it has, and as if the
    /// sentence were alone.
    public var weightBytes = 0
    /// The same for `full`.
    public var weightBytesFullDepth = 0

    /// Nothing drafted yet.
    public init() {}

    /// The sum of two counts.
    public static func + (a: SpeculationCount, b: SpeculationCount) -> SpeculationCount {
        var sum = a
        sum.drafted += b.drafted
        sum.accepted += b.accepted
        sum.passes += b.passes
        sum.weightBytes += b.weightBytes
        sum.weightBytesFullDepth += b.weightBytesFullDepth
        return sum
    }
}

/// Why a text could not be decoded.
public enum DecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The network gave a number that is not finite: its weights overflow fp32 on this input; layer 0 is the side branch.
    case notFinite(layer: Int)

    /// What happened and what would be right.
    public var description: String {
        switch self {
        case .notFinite(let layer):
            """
            the classifier after \(layer == 0 ? "the side branch" : "layer \(layer)") gave probabilities that are not numbers: the \
            checkpoint's weights overflow fp32 on this text
            """
        }
    }
}
