import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import Tokenization
import TranslationModel

/// What an independent implementation gave for a network of a family, by Tests/Golden/families/make.py or Tests/Golden/marian/make.py.
private struct Family {
    struct Output {
        let source: [Int]
        let tokens: [Int]
        /// The layer of each token; empty where all have the same.
        let exits: [Int]
        /// The mean log-probability of the tokens, where it is known.
        let score: Double?
    }

    /// Every token leaves at one layer.
    var fixed: [(exit: Int, beam: Int, outputs: [Output])] = []
    /// Each token leaves where the best id has a probability.
    var confidence: [(threshold: Double, outputs: [Output])] = []
    /// Texts with their source ids, where the checkpoint has a tokenizer of its own.
    var texts: [(text: String, ids: [Int])] = []

    init(_ name: String, _ file: String = "outputs.json") throws {
        let bytes = try Repository.bytes("Tests/Golden/\(name)/\(file)")
        let root = try #require(JSON.parse(bytes).objectValue)
        for value in try #require(root["fixed"]?.arrayValue) {
            let object = try #require(value.objectValue)
            let exit = Int(try #require(object["exit"]?.integerValue))
            let beam = Int(try #require(object["beam"]?.integerValue))
            fixed.append((exit, beam, try Self.outputs(object)))
        }
        for value in try #require(root["confidence"]?.arrayValue) {
            let object = try #require(value.objectValue)
            let threshold = try #require(object["threshold"]?.doubleValue)
            confidence.append((threshold, try Self.outputs(object)))
        }
        for value in root["texts"]?.arrayValue ?? [] {
            let object = try #require(value.objectValue)
            texts.append((try #require(object["text"]?.stringValue), Self.ids(object["ids"])))
        }
    }

    private static func outputs(_ object: JSONObject) throws -> [Output] {
        try #require(object["outputs"]?.arrayValue).map { value in
            let object = try #require(value.objectValue)
            return Output(
                source: ids(object["source"]), tokens: ids(object["tokens"]),
                exits: ids(object["exits"]), score: object["score"]?.doubleValue)
        }
    }

    private static func ids(_ value: JSONValue?) -> [Int] {
        (value?.arrayValue ?? []).compactMap { $0.integerValue.map { Int($0) } }
    }
}

@Suite("Families of transformers, against other implementations", .timeLimit(.minutes(10)))
struct FamilyTests {
    static let families = [
        "families/m2m_100", "families/mbart", "marian/opus", "marian/ssru", "marian/before",
    ]

    /// Those whose other implementation knows no exits: it ran networks that end after as many layers.
    static let converted = ["float32", "float16", "int16", "int8", "argos"].map {
        "ctranslate2/\($0)"
    }

    /// The network of a family; where it comes without texts, they are another checkpoint's.
    private func model(
        _ family: String, _ precision: Precision = .float32
    ) throws -> TranslationModel {
        guard family.hasPrefix("families/") else {
            return try TranslationModel(
                Checkpoint(directory: Repository.path("Tests/Golden/\(family)")),
                precision: precision)
        }
        let directory = try Repository.copiedNetwork(family)
        return try TranslationModel(
            Checkpoint(directory: directory.path), precision: precision)
    }

    @Test(
        "A text has the ids that SentencePiece and the list beside it give",
        arguments: families.filter { $0.hasPrefix("marian/") })
    func texts(family: String) throws {
        let checkpoint = try Checkpoint(directory: Repository.path("Tests/Golden/\(family)"))
        let tokenizer = try Tokenizer(checkpoint)
        let texts = try Family(family).texts
        #expect(!texts.isEmpty)
        for (text, ids) in texts { #expect(tokenizer.encode(text) == ids) }
    }

    @Test(
        "Tokens are those of another implementation and scores agree within 1e-4, greedy and with a beam, at every exit; no beam is worse than CTranslate2's",
        arguments: families + converted)
    func fixed(family: String) throws {
        try check(Family(family).fixed, try model(family), family)
    }

    @Test(
        "In 8 bits encoder states are within 15 % of those in fp32, and a sentence gets alone what it gets in a batch",
        arguments: families + converted)
    func eightBits(family: String) throws {
        let (float, int8) = (try model(family), try model(family, .int8))
        let sources = try #require(Family(family).fixed.first).outputs.map(\.source)
        let exact = float.encode(sources, scratch: EncoderScratch(for: float))
        let rounded = int8.encode(sources, scratch: EncoderScratch(for: int8))
        for (a, b) in zip(exact, rounded) {
            let pairs = (0..<a.rows).flatMap { zip(a.row($0), b.row($0)) }
            let difference = pairs.reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
            let size = pairs.reduce(0.0) { $0 + Double($1.0 * $1.0) }
            #expect(difference.squareRoot() < 0.15 * size.squareRoot())
        }
        for beam in [1, 4] {
            var options = DecodingOptions(
                exit: ExitRule(.fixed, .init(layer: 1), layerCount: int8.decoderLayerCount))
            options.beamSize = beam
            let together = try decodeTogether(sources, options, int8)
            for (source, result) in zip(sources, together) {
                let alone = try decodeTogether([source], options, int8)
                #expect(alone[0].hypotheses == result.hypotheses)
            }
        }
    }

    @Test("Marian's gelu is x σ(1.702 x)")
    func gelu() throws {
        let directory = try Repository.copiedNetwork("marian/opus")
        let bytes = try Repository.bytes("Tests/Golden/marian/opus/opus.npz")
        // As long as before, since the archive's members stay where they are.
        let changed = bytes.replacing(
            Array("activation: swish".utf8), with: Array("activation: gelu ".utf8))
        #expect(changed != bytes)
        try directory.write(changed, to: "opus.npz")
        let checkpoint = try Checkpoint(directory: directory.path)
        #expect(checkpoint.configuration.activation == .quickGELU)
        try check(
            Family("marian/opus", "gelu.json").fixed, TranslationModel(checkpoint), "marian/opus")
    }

    private func check(
        _ goldens: [(exit: Int, beam: Int, outputs: [Family.Output])], _ model: TranslationModel,
        _ family: String
    ) throws {
        for golden in goldens {
            var options = DecodingOptions(
                exit: ExitRule(
                    .fixed, .init(layer: golden.exit), layerCount: model.decoderLayerCount))
            options.beamSize = golden.beam
            let results = try decodeTogether(golden.outputs.map(\.source), options, model)
            for (output, result) in zip(golden.outputs, results) {
                let best = try #require(result.hypotheses.first)
                let score = try #require(output.score)
                if golden.beam > 1, Self.converted.contains(family) {
                    // CTranslate2 ends a search with as many outputs as the beam is wide; one that may still find a better one goes on here.
                    #expect(best.score > score - 1e-4)
                    continue
                }
                #expect(best.tokens.map(\.id) == output.tokens, "\(golden.exit), \(golden.beam)")
                #expect(abs(best.score - score) < 1e-4)
            }
        }
    }

    @Test(
        "Tokens that leave early leave their states to those that stay, alone as in a batch",
        arguments: families)
    func confidence(family: String) throws {
        let model = try model(family)
        var exits: Set<Int> = []
        for golden in try Family(family).confidence {
            let thresholds = [golden.threshold, golden.threshold]
            let options = DecodingOptions(
                exit: ExitRule(.confidence, .init(thresholds: thresholds), layerCount: 3))
            let together = try decodeTogether(golden.outputs.map(\.source), options, model)
            for (output, result) in zip(golden.outputs, together) {
                let best = try #require(result.hypotheses.first)
                #expect(best.tokens.map(\.id) == output.tokens)
                #expect(best.tokens.map(\.exitLayer) == output.exits)
                exits.formUnion(output.exits)
                let alone = try decodeTogether([output.source], options, model)
                #expect(alone[0].hypotheses == result.hypotheses)
            }
        }
        #expect(exits == [1, 2, 3])
    }
}
