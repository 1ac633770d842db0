import Calibration
import Checkpoint
import Decoding
import Evaluation
import JSON
import TranslationService

/// Thresholds that a search settled on, with what decoding with them came to.
struct CalibratedThresholds {
    let name: String
    /// τ_n for n = 1 … N − 1; empty for full depth.
    let thresholds: [Double]
    let bleu: Double
    let compute: ComputeRecord
    /// Sentences that the search decoded to measure them, nil where it measured nothing.
    let decodedSentences: Int?

    var profile: ExitsConfiguration.Profile {
        .init(
            name: name, thresholds: thresholds, bleu: bleu,
            averageExit: compute.averageExitLayer)
    }

    /// Decodes the validation set as `shoal evaluate` does.
    struct Decoder {
        private let model: ServedModel
        private let pairs: SentencePairs
        private let policy: ThresholdPolicy
        private let translator: TextTranslator

        init(_ model: ServedModel, _ pairs: SentencePairs, _ policy: ThresholdPolicy) {
            self.model = model
            self.pairs = pairs
            self.policy = policy
            translator = TextTranslator(model)
        }

        func fullDepth() throws -> CalibratedThresholds {
            try decode("full depth", .full, thresholds: [], decodedSentences: nil)
        }

        func decode(_ name: String, _ measured: Measurement) throws -> CalibratedThresholds {
            try decode(
                name, policy.exitPolicy(measured.thresholds), thresholds: measured.thresholds,
                decodedSentences: measured.decodedSentences)
        }

        private func decode(
            _ name: String, _ policy: ExitPolicy, thresholds: [Double], decodedSentences: Int?
        ) throws -> CalibratedThresholds {
            let rule = ExitRule(
                policy: policy, bounds: 1...model.layerCount, layerCount: model.layerCount)
            let translations = try translator.translate(pairs.sources, DecodingOptions(exit: rule))
            let compute = translations.reduce(
                into: ComputeRecord(policy: policy.name, decoderLayers: model.layerCount)
            ) { $0 += $1.compute }
            let bleu = try BLEU().score(
                hypotheses: translations.map { $0.outputs[0].text }, references: pairs.references)
            return CalibratedThresholds(
                name: name, thresholds: thresholds, bleu: bleu, compute: compute,
                decodedSentences: decodedSentences)
        }
    }
}

/// What `shoal calibrate` prints.
struct CalibrationReport {
    let json: Bool

    func begin(_ fullDepth: CalibratedThresholds) {
        if !json {
            writeOutput(
                "profile       BLEU    exit   compute saved   decoded in search   thresholds\n")
        }
        row(fullDepth)
    }

    func row(_ row: CalibratedThresholds) {
        guard !json else {
            writeOutput(Self.json(row) + "\n")
            return
        }
        let decoded = row.decodedSentences.map(String.init) ?? ""
        let columns = [
            fixed(row.bleu, 2, width: 8), fixed(row.compute.averageExitLayer, 3, width: 8),
            fixed(100 * row.compute.computeSaved, 1, width: 14) + " %",
            String(repeating: " ", count: max(0, 20 - decoded.count)) + decoded, "   ",
            row.thresholds.map { fixed($0, 3) }.joined(separator: ","),
        ]
        writeOutput(row.name.padding(to: 10) + columns.joined() + "\n")
    }

    /// How much of the search was replayed.
    func summary(_ measured: [Measurement], sentences: Int) {
        guard !json else { return }
        let decoded = measured.reduce(0) { $0 + $1.decodedSentences }
        let share = 100 * (1 - Double(decoded) / Double(measured.count * sentences))
        writeOutput(
            "\n\(measured.count) draws of \(sentences) sentences, \(fixed(share, 1)) % replayed\n"
                + "\(BLEU().signature)\n")
    }

    func choice(_ chosen: CalibratedThresholds, isWritten: Bool) {
        guard !json else {
            if chosen.name == "default" { writeOutput(Self.json(chosen) + "\n") }
            return
        }
        let thresholds = chosen.thresholds.map { "\($0)" }.joined(separator: ",")
        writeOutput(
            "default thresholds\(isWritten ? "" : ", not written"): \(thresholds) "
                + "(BLEU \(fixed(chosen.bleu, 2)), "
                + "average exit \(fixed(chosen.compute.averageExitLayer, 3)))\n")
    }

    private static func json(_ row: CalibratedThresholds) -> String {
        var members: [JSONObject.Member] = [
            .init("profile", .string(row.name)),
            .init("thresholds", .array(row.thresholds.map(JSONValue.number))),
            .init("bleu", .number(row.bleu)),
            .init("average_exit", .number(row.compute.averageExitLayer)),
            .init("compute_saved", .number(row.compute.computeSaved)),
        ]
        if let decoded = row.decodedSentences {
            members.append(.init("sentences_decoded", .integer(Int64(decoded))))
        }
        return String(decoding: JSON.serialize(.object(JSONObject(members))), as: UTF8.self)
    }
}
