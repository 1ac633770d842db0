public import Checkpoint
public import Decoding
public import TranslationModel

/// What decoding cost, and what it would have cost at full depth (method.md §4).
///
/// Exits, histogram and averages describe the returned outputs; operations count every step computed
/// for them, dropped hypotheses included. Sums are exact.
public struct ComputeRecord: Sendable, Equatable {
    /// Who decided.
    public let policy: ExitPolicy
    /// N.
    public let decoderLayers: Int
    /// Tokens that left at each layer, layer 1 first.
    public private(set) var exitHistogram: [Int]
    /// Tokens that left at the side branch, exit 0.
    public private(set) var branchTokens = 0
    /// Layers of the branch, for each of them.
    private var branchLayersRun = 0
    /// Decoder operations, classifiers and heads included.
    public private(set) var operations: OperationCount
    /// Encoder operations.
    public private(set) var encoderOperations: Int
    /// What became of drafts; nil under policies that make none.
    public private(set) var speculation: SpeculationCount?
    /// What tokens were chosen from; nil: from all ids.
    public private(set) var shortlist: ShortlistCount?

    /// What shortlists came to.
    public struct ShortlistCount: Sendable, Equatable {
        /// Sentences, or parts of long ones, that were decoded with candidates of their own.
        public var inputs: Int
        /// Candidates of all of them together.
        public var candidates: Int
    }

    /// Nothing spent.
    public init(policy: ExitPolicy, decoderLayers: Int) {
        self.policy = policy
        self.decoderLayers = decoderLayers
        exitHistogram = Array(repeating: 0, count: decoderLayers)
        operations = OperationCount()
        encoderOperations = 0
        speculation = policy.makesDrafts ? SpeculationCount() : nil
    }

    /// The record of one decoded text.
    init(
        _ result: DecodingResult, policy: ExitPolicy, by network: TranslationModel,
        encoderOperations: Int
    ) {
        self.init(policy: policy, decoderLayers: network.decoderLayerCount)
        for token in result.hypotheses[0].tokens {
            if token.exitLayer == 0 {
                branchTokens += 1
                branchLayersRun += network.branchLayerCount
            } else {
                exitHistogram[token.exitLayer - 1] += 1
            }
        }
        operations = result.operations
        self.encoderOperations = encoderOperations
        speculation = result.speculation
        shortlist = result.candidates.map { ShortlistCount(inputs: 1, candidates: $0) }
    }

    /// Adds what another text cost.
    public static func += (sum: inout ComputeRecord, other: ComputeRecord) {
        for (index, count) in other.exitHistogram.enumerated() { sum.exitHistogram[index] += count }
        sum.branchTokens += other.branchTokens
        sum.branchLayersRun += other.branchLayersRun
        sum.addCounts(of: other)
        sum.operations = sum.operations + other.operations
        sum.encoderOperations += other.encoderOperations
    }

    /// Adds operations alone: of outputs that are not returned.
    mutating func addOperations(of other: ComputeRecord) {
        addCounts(of: other)
        operations = operations + other.operations
        encoderOperations += other.encoderOperations
    }

    private mutating func addCounts(of other: ComputeRecord) {
        if let count = other.speculation { speculation = speculation.map { $0 + count } ?? count }
        guard let count = other.shortlist else { return }
        shortlist = ShortlistCount(
            inputs: (shortlist?.inputs ?? 0) + count.inputs,
            candidates: (shortlist?.candidates ?? 0) + count.candidates)
    }

    /// Tokens of the returned outputs, end of sentence included.
    public var targetTokens: Int { exitHistogram.reduce(branchTokens, +) }

    /// Σ of the exit layers; of a token of the side branch the layers of that.
    public var layersRun: Int {
        exitHistogram.enumerated().reduce(branchLayersRun) { $0 + ($1.offset + 1) * $1.element }
    }

    /// N for each token.
    public var layersFullDepth: Int { targetTokens * decoderLayers }

    /// Mean of the layers run for a token; 0 without tokens.
    public var averageExitLayer: Double {
        targetTokens == 0 ? 0 : Double(layersRun) / Double(targetTokens)
    }

    /// 1 − layers run / layers at full depth; 0 without tokens.
    public var layersSaved: Double {
        layersFullDepth == 0 ? 0 : 1 - Double(layersRun) / Double(layersFullDepth)
    }

    /// 1 − operations / operations at full depth: negative where asking costs more than it saves; 0
    /// without tokens.
    public var computeSaved: Double {
        operations.fullDepth == 0
            ? 0 : 1 - Double(operations.executed) / Double(operations.fullDepth)
    }
}
