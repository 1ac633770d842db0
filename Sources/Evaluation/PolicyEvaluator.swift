import Checkpoint
public import Decoding
public import TextFiles
import TranslationModel
public import TranslationService

/// Scores exit rules on one test set; what has been decoded once is not decoded again.
///
/// Costs one decoding of the test set for each rule, and for each fixed depth where rules are held
/// against the line through them.
public struct PolicyEvaluator {
    /// What a rule made of the test set.
    public struct Score: Sendable {
        /// BLEU, 0 to 100.
        public let bleu: Double
        /// chrF2, 0 to 100.
        public let chrF: Double
        /// What decoding cost.
        public let compute: ComputeRecord
        /// For each sentence.
        let run: DepthLineBootstrap<BLEU>.Run
    }

    /// Told how many sentences of a rule have been decoded.
    public typealias Progress = (_ label: String, _ done: Int) -> Void

    private let translator: CorpusTranslator
    private let text: ParallelText
    private let options: (ExitRule) -> DecodingOptions
    private let progress: Progress
    private var known: [(rule: ExitRule, score: Score)] = []
    private var line: DepthLineBootstrap<BLEU>?

    /// Scores rules on a test set.
    ///
    /// - Parameters:
    ///   - translator: decodes.
    ///   - text: the test set.
    ///   - options: how to decode under a rule.
    ///   - progress: told after each sentence.
    public init(
        _ translator: CorpusTranslator, _ text: ParallelText,
        options: @escaping (ExitRule) -> DecodingOptions = { DecodingOptions(exit: $0) },
        progress: @escaping Progress = { _, _ in }
    ) {
        self.translator = translator
        self.text = text
        self.options = options
        self.progress = progress
    }

    private var layerCount: Int { translator.model.layerCount }

    /// Decodes and scores the test set, or looks up what an equal rule made of it.
    ///
    /// - Parameter rule: any that fits the model.
    /// - Returns: its score.
    /// - Throws: `CorpusTranslator.Fault` for a sentence that cannot be translated.
    public mutating func score(_ rule: ExitRule) throws -> Score {
        // Full depth and bounded variants of one depth decode alike; drafts are to be counted.
        let depth = rule.policy.makesDrafts ? nil : rule.constantDepth
        let rule = depth.map(fixedDepth) ?? rule
        if let found = known.first(where: { $0.rule == rule }) { return found.score }
        let options = options(rule)
        let score = try decode(rule.label(layerCount: layerCount)) { _ in options }
        known.append((rule, score))
        return score
    }

    /// Decodes and scores the test set with exits that are drawn for each token.
    ///
    /// - Parameter seed: gives the same exits each time.
    /// - Returns: the score.
    /// - Throws: as `score`.
    public func scoreDrawnExits(seed: UInt64) throws -> Score {
        var options = options(fixedDepth(layerCount))
        options.givenExits = .drawn(seed: seed)
        return try decode("random exits") { [options] _ in options }
    }

    /// Decodes and scores the test set with exits that are given.
    ///
    /// - Parameters:
    ///   - exits: for each sentence, by position; one value is for all positions.
    ///   - label: what they are called.
    /// - Returns: the score.
    /// - Throws: as `score`.
    public func score(exits: [[Int]], label: String) throws -> Score {
        let full = options(fixedDepth(layerCount))
        return try decode(label) { sentence in
            var options = full
            options.givenExits = .listed(exits[sentence])
            return options
        }
    }

    /// Holds a rule against full depth and against the line through the fixed depths, which are
    /// decoded where they have not been yet.
    ///
    /// - Parameter rule: any that fits the model.
    /// - Returns: the comparison.
    /// - Throws: as `score`.
    public mutating func significance(
        of rule: ExitRule
    ) throws -> QualityDepthTable.Significance {
        let isDepth = rule.constantDepth != nil
        let score = try score(rule)
        return try compare(score, line: isDepth ? nil : depthLine())
    }

    /// The same for what has been scored already.
    ///
    /// - Parameter score: of exits that were drawn or given.
    /// - Returns: the comparison.
    /// - Throws: as `score`.
    public mutating func significance(
        of score: Score
    ) throws -> QualityDepthTable.Significance {
        try compare(score, line: depthLine())
    }

    /// A depth is on the line by its nature, and compared with full depth only.
    private mutating func compare(
        _ score: Score, line: DepthLineBootstrap<BLEU>?
    ) throws -> QualityDepthTable.Significance {
        let full = try self.score(fixedDepth(layerCount))
        let pair = try PairedBootstrap(
            BLEU(), baseline: full.run.statistics, system: score.run.statistics)
        return QualityDepthTable.Significance(
            fullDepthDifference: score.bleu - full.bleu,
            fullDepthPValue: score.bleu == full.bleu ? nil : pair.pValue,
            line: try line?.compare(score.run))
    }

    private mutating func depthLine() throws -> DepthLineBootstrap<BLEU> {
        if let line { return line }
        var depths: [DepthLineBootstrap<BLEU>.Run] = []
        for layer in 1...layerCount { depths.append(try score(fixedDepth(layer)).run) }
        let line = try DepthLineBootstrap(BLEU(), depths: depths)
        self.line = line
        return line
    }

    private func fixedDepth(_ layer: Int) -> ExitRule {
        ExitRule(.fixed, .init(layer: layer), layerCount: layerCount)
    }

    private func decode(
        _ label: String, _ options: @escaping @Sendable (Int) -> DecodingOptions
    ) throws -> Score {
        var segments: [BLEU.Statistics] = []
        var characters = ChrF.Statistics()
        var records: [ComputeRecord] = []
        try translator.translate(text.sources, options: options) { index, translation in
            let (hypothesis, reference) = (translation.outputs[0].text, text.references[index])
            segments.append(BLEU().statistics(hypothesis: hypothesis, reference: reference))
            characters += ChrF().statistics(hypothesis: hypothesis, reference: reference)
            records.append(translation.compute)
            progress(label, index + 1)
        }
        guard var total = records.first else { throw EvaluationError.emptyCorpus }
        for record in records.dropFirst() { total += record }
        return Score(
            bleu: BLEU().score(segments.reduce(into: BLEU.Statistics(), +=)),
            chrF: ChrF().score(characters), compute: total,
            run: .init(
                statistics: segments, layersRun: records.map(\.layersRun),
                tokens: records.map(\.targetTokens),
                operations: records.map { Int($0.operations.executed) }))
    }
}

extension QualityDepthTable.Cost {
    /// What decoding a test set cost; 0 operations where it has no token.
    public init(_ compute: ComputeRecord) {
        let tokens = Double(max(compute.targetTokens, 1))
        self.init(
            averageExit: compute.averageExitLayer, layerCount: compute.decoderLayers,
            operationsPerToken: Double(compute.operations.executed) / tokens,
            fullDepthOperationsPerToken: Double(compute.operations.fullDepth) / tokens)
    }
}
