import Decoding
import Evaluation
import TextFiles
import TranslationModel
import TranslationService

/// Scores exit rules on one test set; what has been decoded once is not decoded again.
struct Evaluator {
    private let model: ServedModel
    private let search: SearchFlags
    private let sources: [String]
    private let references: [String]
    private let translator: TextTranslator
    private var known: [(rule: ExitRule, measurement: Measurement)] = []
    private var line: DepthLineBootstrap<BLEU>?

    /// What a rule made of the test set.
    struct Measurement {
        let bleu: Double
        let chrF: Double
        let compute: ComputeRecord
        /// For each sentence.
        let run: DepthLineBootstrap<BLEU>.Run
    }

    /// Scores rules on a test set.
    init(_ model: ServedModel, _ search: SearchFlags, _ text: ParallelText) {
        self.model = model
        self.search = search
        sources = text.sources
        references = text.references
        translator = TextTranslator(model)
    }

    /// Decodes and scores the test set, or looks up what an equal rule made of it.
    mutating func measure(_ rule: ExitRule) throws -> Measurement {
        // Full depth and bounded variants of one depth decode alike.
        let depth = rule.constantDepth(layerCount: model.layerCount)
        let rule = depth.map(fixed) ?? rule
        if let found = known.first(where: { $0.rule == rule }) { return found.measurement }
        let label = rule.label(layerCount: model.layerCount)
        let translations = try translator.translate(
            sources, search.options(rule, model),
            progress: ProgressLine(total: sources.count, noun: "sentences, " + label))
        let measurement = try measurement(of: translations)
        known.append((rule, measurement))
        return measurement
    }

    /// Decodes and scores the test set with exits that are drawn for each token.
    func measureDrawnExits(seed: UInt64) throws -> Measurement {
        try measure("random exits") { _ in .drawn(seed: seed) }
    }

    /// Decodes and scores the test set with the exits that an oracle chooses for the references.
    func measure(_ oracle: OracleSetting) throws -> Measurement {
        let exits = try oracle.exits(model, sources: sources, references: references)
        return try measure(oracle.label) { .listed(exits[$0]) }
    }

    private func measure(
        _ label: String, exits: (_ sentence: Int) -> DecodingOptions.GivenExits
    ) throws -> Measurement {
        let progress = ProgressLine(total: sources.count, noun: "sentences, " + label)
        let full = search.options(fixed(model.layerCount), model)
        return try measurement(
            of: translator.translate(sources, progress: progress) { sentence in
                var options = full
                options.givenExits = exits(sentence)
                return options
            })
    }

    /// Holds a rule against full depth and against the line through the fixed depths, which are
    /// decoded where they have not been yet.
    mutating func significance(_ rule: ExitRule) throws -> QualityDepthTable.Significance {
        let isDepth = rule.constantDepth(layerCount: model.layerCount) != nil
        return try significance(of: measure(rule), isDepth: isDepth)
    }

    /// The same for what has been measured already; a depth is on the line by its nature.
    mutating func significance(
        of found: Measurement, isDepth: Bool = false
    ) throws -> QualityDepthTable.Significance {
        let line = try depthLine()
        let full = try measure(fixed(model.layerCount))
        let pair = try PairedBootstrap(
            BLEU(), baseline: full.run.statistics, system: found.run.statistics)
        return QualityDepthTable.Significance(
            fullDepthDifference: found.bleu - full.bleu,
            fullDepthPValue: found.bleu == full.bleu ? nil : pair.pValue,
            line: isDepth ? nil : try line.compare(found.run))
    }

    private mutating func depthLine() throws -> DepthLineBootstrap<BLEU> {
        if let line { return line }
        var depths: [[BLEU.Statistics]] = []
        for layer in 1...model.layerCount {
            depths.append(try measure(fixed(layer)).run.statistics)
        }
        let line = try DepthLineBootstrap(BLEU(), depths: depths)
        self.line = line
        return line
    }

    private func fixed(_ layer: Int) -> ExitRule {
        ExitRule(
            policy: .fixed(layer: layer), bounds: 1...model.layerCount,
            layerCount: model.layerCount)
    }

    private func measurement(of translations: [Translation]) throws -> Measurement {
        let texts = translations.map { $0.outputs[0].text }
        let segments = try BLEU().segments(hypotheses: texts, references: references)
        var total = translations[0].compute
        for translation in translations.dropFirst() { total += translation.compute }
        return Measurement(
            bleu: BLEU().score(segments.reduce(into: BLEU.Statistics(), +=)),
            chrF: try ChrF().score(hypotheses: texts, references: references), compute: total,
            run: .init(
                statistics: segments, layersRun: translations.map(\.compute.layersRun),
                tokens: translations.map(\.compute.targetTokens)))
    }
}

extension QualityDepthTable.Cost {
    /// What decoding a test set cost; 0 operations where it has no token.
    init(_ compute: ComputeRecord) {
        let tokens = Double(max(compute.targetTokens, 1))
        self.init(
            averageExit: compute.averageExitLayer, layerCount: compute.decoderLayers,
            operationsPerToken: Double(compute.operations.executed) / tokens,
            fullDepthOperationsPerToken: Double(compute.operations.fullDepth) / tokens)
    }
}
