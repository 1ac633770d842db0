import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

/// What transformers gave for a network of a family, by Tests/Golden/families/make.py.
private struct Case {
    struct Output {
        let source: [Int]
        let tokens: [Int]
        /// The mean log-probability of the tokens.
        let score: Double
    }

    let exit: Int
    let beam: Int
    let outputs: [Output]

    static func all(of family: String) throws -> [Case] {
        let bytes = try Repository.bytes("Tests/Golden/families/\(family)/outputs.json")
        return try #require(JSON.parse(bytes).arrayValue).map { value in
            let object = try #require(value.objectValue)
            return Case(
                exit: Int(try #require(object["exit"]?.integerValue)),
                beam: Int(try #require(object["beam"]?.integerValue)),
                outputs: try #require(object["outputs"]?.arrayValue).map { value in
                    let object = try #require(value.objectValue)
                    return Output(
                        source: try Self.ids(object["source"]),
                        tokens: try Self.ids(object["tokens"]),
                        score: try #require(object["score"]?.doubleValue))
                })
        }
    }

    private static func ids(_ value: JSONValue?) throws -> [Int] {
        try #require(value?.arrayValue).compactMap { $0.integerValue.map { Int($0) } }
    }
}

@Suite("Families of transformers, against transformers itself", .timeLimit(.minutes(10)))
struct FamilyTests {
    /// The network of a family; its texts play no part, and are another checkpoint's.
    private func model(
        _ family: String, _ precision: Precision = .float32
    ) throws -> TranslationModel {
        let directory = try TemporaryDirectory()
        for name in ["source.spm", "target.spm", "vocab.json"] {
            try directory.write(
                Repository.bytes("Tests/Golden/variants/untied-projection/\(name)"), to: name)
        }
        for name in ["config.json", "model.safetensors"] {
            try directory.write(
                Repository.bytes("Tests/Golden/families/\(family)/\(name)"), to: name)
        }
        return try TranslationModel(Checkpoint(directory: directory.path), precision: precision)
    }

    @Test(
        "Tokens are the same and scores agree within 1e-4, greedy and with a beam, at every exit",
        arguments: ["m2m_100", "mbart"])
    func same(family: String) throws {
        let model = try model(family)
        for golden in try Case.all(of: family) {
            var options = DecodingOptions(
                exit: ExitRule(
                    .fixed, .init(layer: golden.exit), layerCount: model.decoderLayerCount))
            options.beamSize = golden.beam
            let results = try decodeTogether(golden.outputs.map(\.source), options, model)
            for (output, result) in zip(golden.outputs, results) {
                let best = try #require(result.hypotheses.first)
                #expect(
                    best.tokens.map(\.id) == output.tokens,
                    "exit \(golden.exit), beam \(golden.beam)")
                #expect(abs(best.score - output.score) < 1e-4)
            }
        }
    }

    @Test(
        "Tokens that leave early leave keys and values for those that stay, alone as in a batch",
        arguments: ["m2m_100", "mbart"])
    func mixed(family: String) throws {
        let model = try model(family)
        let sources = try Case.all(of: family)[0].outputs.map(\.source)
        for threshold in [0.2, 0.4, 0.6] {
            let rule = ExitRule(
                .confidence, .init(thresholds: [threshold, threshold]), layerCount: 3)
            let options = DecodingOptions(exit: rule)
            let together = try decodeTogether(sources, options, model)
            for (source, result) in zip(sources, together) {
                let alone = try decodeTogether([source], options, model)
                #expect(alone[0].hypotheses == result.hypotheses)
            }
        }
        let never = ExitRule(.confidence, .init(thresholds: [1.1, 1.1]), layerCount: 3)
        let full = ExitRule(.full, layerCount: 3)
        let (kept, expected) = (
            try decodeTogether(sources, DecodingOptions(exit: never), model),
            try decodeTogether(sources, DecodingOptions(exit: full), model)
        )
        #expect(
            kept.map { $0.hypotheses[0].tokens.map(\.id) }
                == expected.map { $0.hypotheses[0].tokens.map(\.id) })
    }
}
