import Checkpoint
import Decoding
import JSON
import TestSupport
import Testing
import TranslationModel

/// The checkpoints and the golden file of each.
private let golden: [(checkpoint: String, file: String)] =
    [("models/multi30k-de-en", "own.json")]
    + [
        "bf16-banned-ids", "gelu-two-vocabularies", "separate-classifiers-f16",
        "swish-tied-unigram", "untied-projection",
    ].map { ("Tests/Golden/variants/" + $0, "variants/\($0).json") }

/// Reads the settings of a golden case as a request would.
func goldenOptions(_ settings: JSONObject, layers layerCount: Int) throws -> DecodingOptions {
    let exit = try #require(settings["exit"]?.objectValue)
    let policy = try #require(exit["policy"]?.stringValue.flatMap(ExitPolicy.init))
    let thresholds =
        exit["threshold"]?.arrayValue?.compactMap(\.doubleValue)
        ?? Array(repeating: exit["threshold"]?.doubleValue ?? 0.5, count: layerCount - 1)
    var options = DecodingOptions(
        exit: ExitRule(
            policy,
            .init(layer: exit["layer"]?.integerValue.map { Int($0) }, thresholds: thresholds),
            layerCount: layerCount))
    options.beamSize = Int(try #require(settings["beam_size"]?.integerValue))
    options.lengthPenalty = try #require(settings["length_penalty"]?.doubleValue)
    return options
}

/// Decodes all sentences in one batch.
func decodeTogether(
    _ sources: [[Int]], _ options: DecodingOptions, _ model: TranslationModel
) throws -> [DecodingResult] {
    let states = model.encode(sources, scratch: EncoderScratch(for: model))
    let decoder = BatchDecoder(model: model)
    let tickets = states.map { decoder.add(source: $0, options: options) }
    var results: [Int: DecodingResult] = [:]
    while decoder.sentenceCount > 0 {
        for (ticket, result) in decoder.advance() { results[ticket] = try result.get() }
    }
    return try tickets.map { try #require(results[$0]) }
}

@Suite("Every policy, greedy and beam, against an independent implementation")
struct GoldenTests {
    @Test(
        "Tokens and exit layers are the same and log-probabilities agree within 1e-3",
        arguments: golden)
    func agreesWithGolden(_ entry: (checkpoint: String, file: String)) throws {
        let checkpoint = try Checkpoint(directory: Repository.path(entry.checkpoint))
        let model = try TranslationModel(checkpoint)
        for golden in try Golden(entry.file).cases {
            let options = try goldenOptions(golden.settings, layers: model.decoderLayerCount)
            let results = try decodeTogether(golden.sentences.map(\.sourceIDs), options, model)
            for (sentence, result) in zip(golden.sentences, results) {
                let best = try #require(result.hypotheses.first)
                #expect(best.tokens.map(\.id) == sentence.targetIDs, "\(golden): \(sentence.text)")
                #expect(
                    best.tokens.map(\.exitLayer) == sentence.exitLayers,
                    "\(golden): \(sentence.text)")
                let difference = zip(best.tokens, sentence.logProbabilities).map {
                    abs(Double($0.logProbability) - $1)
                }
                #expect((difference.max() ?? 0) < 1e-3, "\(golden): \(sentence.text)")
                #expect(abs(best.score - sentence.score) < 1e-3, "\(golden): \(sentence.text)")
            }
        }
    }
}
