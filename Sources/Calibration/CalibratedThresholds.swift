public import Checkpoint
import Decoding
public import Evaluation
public import TranslationService

/// Thresholds that a search settled on, with what decoding with them came to.
public struct CalibratedThresholds: Sendable {
    /// The profile's name.
    public let name: String
    /// τ_n for n = 1 … N − 1; empty for full depth.
    public let thresholds: [Double]
    /// BLEU on the validation set, 0 to 100.
    public let bleu: Double
    /// What decoding it cost.
    public let compute: ComputeRecord
    /// Sentences that the search decoded to measure them, nil where it measured nothing.
    public let decodedSentences: Int?

    /// Full depth, which a search measures thresholds against.
    ///
    /// - Parameters:
    ///   - evaluator: decodes the validation set.
    ///   - layerCount: N.
    /// - Throws: as `PolicyEvaluator.score`.
    public init(fullDepth evaluator: inout PolicyEvaluator, layerCount: Int) throws {
        let rule = ExitRule(.full, layerCount: layerCount)
        self.init("full depth", [], try evaluator.score(rule), decodedSentences: nil)
    }

    /// Decodes the validation set as `shoal evaluate` does, without what the search remembers.
    ///
    /// - Parameters:
    ///   - name: the profile's name.
    ///   - measured: what the search found.
    ///   - policy: whose thresholds they are.
    ///   - evaluator: decodes the validation set.
    /// - Throws: as `PolicyEvaluator.score`.
    public init(
        _ name: String, _ measured: Measurement, _ policy: ThresholdPolicy,
        _ evaluator: inout PolicyEvaluator
    ) throws {
        self.init(
            name, measured.thresholds, try evaluator.score(policy.rule(measured.thresholds)),
            decodedSentences: measured.decodedSentences)
    }

    private init(
        _ name: String, _ thresholds: [Double], _ score: PolicyEvaluator.Score,
        decodedSentences: Int?
    ) {
        self.name = name
        self.thresholds = thresholds
        bleu = score.bleu
        compute = score.compute
        self.decodedSentences = decodedSentences
    }

    /// What exits.json says of them.
    public var profile: ExitsConfiguration.Profile {
        .init(
            name: name, thresholds: thresholds, bleu: bleu,
            averageExit: compute.averageExitLayer)
    }
}
