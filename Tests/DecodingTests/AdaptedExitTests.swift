import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

/// A model of some directory with adapters after some exits, and the same without.
private struct AdaptedModel {
    let plain: TranslationModel
    let adapted: TranslationModel
    let adapters: [Int: TensorFile.Adapter]

    /// A random model of five layers.
    init(
        _ precision: Precision = .float32, exits: [Int] = [1, 2, 3, 4],
        _ type: TensorFile.ElementType = .float32
    ) throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 5
        options.vocabularySize = 40
        options.scale = 0.2
        var writer = CheckpointWriter(options)
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        plain = try TranslationModel(
            Checkpoint(directory: directory.path), precision: precision)
        var heads = try #require(writer.exitHeads)
        adapters = heads.appendAdapters(exits: exits, width: options.width, type)
        writer.exitHeads = heads
        try writer.write(to: directory)
        adapted = try TranslationModel(
            Checkpoint(directory: directory.path), precision: precision)
    }

    /// A family of networks as another program wrote it, with adapters after all exits below the last.
    init(family: String, _ precision: Precision = .float32) throws {
        let directory = try Repository.copiedNetwork(family)
        let before = try Checkpoint(directory: directory.path)
        plain = try TranslationModel(before, precision: precision)
        var heads = TensorFile()
        adapters = heads.appendAdapters(
            exits: Array(1..<plain.decoderLayerCount), width: before.configuration.width)
        try directory.write(heads.bytes, to: "exits.safetensors")
        adapted = try TranslationModel(
            Checkpoint(directory: directory.path), precision: precision)
    }

    var layers: Int { plain.decoderLayerCount }

    /// Sentences of a few lengths.
    var sources: [[Int]] {
        let c = plain.configuration
        return (3...9).map { length in
            (1..<length).map { $0 * 5 % 19 + 1 } + [c.endOfSentenceID]
        }
    }
}

/// LN(A h + c) as its definition says, in double.
private func reference(
    _ adapter: TensorFile.Adapter, _ state: [Float], epsilon: Float
) -> [Float] {
    let d = state.count
    let product = (0..<d).map { row in
        (0..<d).reduce(Double(adapter.bias[row])) {
            $0 + Double(adapter.weight[row * d + $1]) * Double(state[$1])
        }
    }
    let mean = product.reduce(0, +) / Double(d)
    let variance = product.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(d)
    let scale = 1 / (variance + Double(epsilon)).squareRoot()
    return (0..<d).map { index in
        Float(
            (product[index] - mean) * scale * Double(adapter.gamma[index])
                + Double(adapter.beta[index]))
    }
}

/// Rules that look at exits in every way.
private func rules(_ layers: Int) -> [ExitRule] {
    let low = [Double](repeating: 0.08, count: layers - 1)
    return [
        ExitRule(.full, layerCount: layers),
        ExitRule(.fixed, .init(layer: 2), layerCount: layers),
        ExitRule(.confidence, .init(thresholds: low), layerCount: layers),
        ExitRule(.confidence, .init(thresholds: low, candidates: 4), layerCount: layers),
        ExitRule(.confidence, .init(thresholds: low), bounds: 2...4, layerCount: layers),
        ExitRule(
            .tokenGeometric, .init(thresholds: low.map { _ in 0.5 }), layerCount: layers),
    ]
}

@Suite("Exits with adapters", .timeLimit(.minutes(10)))
struct AdaptedExitTests {
    @Test(
        "An exit's logits are those of a plain reimplementation, in every family",
        arguments: [
            nil, "marian/opus", "marian/ssru", "families/m2m_100", "families/mbart",
            "ctranslate2/float32",
        ])
    func logits(family: String?) throws {
        try compareLogits(family.map { try AdaptedModel(family: $0) } ?? AdaptedModel())
    }

    @Test("An adapter in 16 bits has the values that its file says")
    func halfPrecision() throws {
        try compareLogits(AdaptedModel(.float32, exits: [1, 2, 3, 4], .float16))
    }

    private func compareLogits(_ model: AdaptedModel) throws {
        let c = model.plain.configuration
        let step = DecoderStep(for: model.adapted)
        let source = model.adapted.encode(
            [model.sources[0]], scratch: EncoderScratch(for: model.adapted))[0]
        let state = DecoderState(source: source, in: step)
        step.begin([
            DecoderRow(state: state, token: c.decoderStartID, node: state.append(after: nil))
        ])
        let states = Matrix(rows: 0, columns: c.width)
        for n in 1..<model.layers {
            step.runLayer(n)
            step.copyStates(into: states)
            let adapter = try #require(model.adapters[n])
            let adapted = reference(adapter, states.row(0), epsilon: c.architecture.normEpsilon)
            let row = Matrix(rows: 1, columns: c.width)
            for (column, value) in adapted.enumerated() { row[0, column] = value }
            let input = ProjectionInput(columns: c.width, precision: .float32)
            input.set(row, rows: 1)
            let expected = Matrix(rows: 1, columns: c.targetVocabularySize)
            model.plain.lastClassifier.apply(input, into: expected)
            step.classify([0], after: n)
            for (got, wanted) in zip(step.logits.row(0), expected.row(0)) where wanted.isFinite {
                #expect(abs(got - wanted) < 1e-3 * max(1, abs(wanted)), "exit \(n)")
            }
        }
    }

    @Test(
        "Full depth gives the same bits with and without adapters",
        arguments: Precision.allCases)
    func fullDepth(precision: Precision) throws {
        for model in [
            try AdaptedModel(precision), try AdaptedModel(family: "families/mbart", precision),
        ] {
            var options = DecodingOptions(exit: ExitRule(.full, layerCount: model.layers))
            options.beamSize = 3
            for beam in [1, 3] {
                options.beamSize = beam
                let before = try decodeTogether(model.sources, options, model.plain)
                #expect(try decodeTogether(model.sources, options, model.adapted) == before)
            }
        }
    }

    @Test(
        "A sentence comes out the same alone and among others, under every policy",
        arguments: Precision.allCases)
    func batches(precision: Precision) throws {
        let model = try AdaptedModel(precision)
        for rule in rules(model.layers) {
            for beam in [1, 3] {
                var options = DecodingOptions(exit: rule)
                options.beamSize = beam
                let together = try decodeTogether(model.sources, options, model.adapted)
                let alone = try model.sources.flatMap {
                    try decodeTogether([$0], options, model.adapted)
                }
                #expect(together == alone, "\(rule.policy.rawValue), beam \(beam)")
            }
        }
    }

    @Test(
        "The best ids are the same where nobody asks for scores, so that few logits are computed",
        arguments: Precision.allCases)
    func bestsAlone(precision: Precision) throws {
        let model = try AdaptedModel(precision)
        for rule in rules(model.layers) {
            let scored = try decodeTogether(
                model.sources, DecodingOptions(exit: rule), model.adapted)
            let plain = try decodeTogether(
                model.sources, DecodingOptions(exit: rule, scores: false), model.adapted)
            #expect(
                scored.map { $0.hypotheses[0].tokens.map { [$0.id, $0.exitLayer] } }
                    == plain.map { $0.hypotheses[0].tokens.map { [$0.id, $0.exitLayer] } })
        }
    }

    @Test("Adapters change what lower exits say", arguments: Precision.allCases)
    func change(precision: Precision) throws {
        let model = try AdaptedModel(precision)
        let options = DecodingOptions(
            exit: ExitRule(.fixed, .init(layer: 2), layerCount: model.layers))
        let before = try decodeTogether(model.sources, options, model.plain)
        let after = try decodeTogether(model.sources, options, model.adapted)
        #expect(zip(before, after).contains { $0.hypotheses != $1.hypotheses })
    }

    @Test("An exit without an adapter is as it was, beside one with")
    func optional() throws {
        let model = try AdaptedModel(exits: [3])
        #expect(model.adapted.adaptedExits == [3])
        for layer in [1, 2, 4] {
            let options = DecodingOptions(
                exit: ExitRule(.fixed, .init(layer: layer), layerCount: model.layers))
            let before = try decodeTogether(model.sources, options, model.plain)
            #expect(try decodeTogether(model.sources, options, model.adapted) == before)
        }
    }

    @Test(
        "Speculative decoding gives full depth's output to the bit",
        arguments: Precision.allCases, [nil, 1, 3])
    func speculative(precision: Precision, drafts: Int?) throws {
        let model = try AdaptedModel(precision)
        let full = DecodingOptions(exit: ExitRule(.full, layerCount: model.layers))
        let own = DecodingOptions(
            exit: ExitRule(.speculative, .init(drafts: drafts), layerCount: model.layers))
        let expected = try decodeTogether(model.sources, full, model.plain)
        let got = try decodeTogether(model.sources, own, model.adapted)
        #expect(
            got.map { $0.hypotheses[0].tokens.map(\.id) }
                == expected.map { $0.hypotheses[0].tokens.map(\.id) })
        #expect(
            got.map { $0.hypotheses[0].score } == expected.map { $0.hypotheses[0].score })
    }

    @Test("Candidates of confidence decide as the exact rule where they are all ids")
    func candidates() throws {
        let model = try AdaptedModel()
        let thresholds = [0.06, 0.1, 0.08, 0.05]
        let exact = ExitRule(
            .confidence, .init(thresholds: thresholds), layerCount: model.layers)
        let among = ExitRule(
            .confidence, .init(thresholds: thresholds, candidates: 40), layerCount: model.layers)
        let one = try decodeTogether(model.sources, DecodingOptions(exit: exact), model.adapted)
        let other = try decodeTogether(model.sources, DecodingOptions(exit: among), model.adapted)
        #expect(one.map(\.hypotheses) == other.map(\.hypotheses))
    }

    @Test("Each adapter costs 2 d² operations for a token that asks it, once a layer")
    func operations() throws {
        let model = try AdaptedModel()
        let d = model.plain.configuration.width
        let never = [Double](repeating: 1, count: model.layers - 1)
        let asked: [(rule: ExitRule, adapters: Int)] = [
            (ExitRule(.full, layerCount: model.layers), 0),
            (ExitRule(.fixed, .init(layer: 3), layerCount: model.layers), 1),
            (
                ExitRule(.confidence, .init(thresholds: never), layerCount: model.layers),
                model.layers - 1
            ),
            (
                ExitRule(
                    .confidence, .init(thresholds: never, candidates: 8),
                    layerCount: model.layers), model.layers - 1
            ),
            (ExitRule(.tokenGeometric, .init(thresholds: never), layerCount: model.layers), 0),
        ]
        for (rule, adapters) in asked {
            var options = DecodingOptions(exit: rule)
            options.maximumTokens = 1
            let before = try decodeTogether([model.sources[3]], options, model.plain)[0]
            let after = try decodeTogether([model.sources[3]], options, model.adapted)[0]
            #expect(
                before.hypotheses[0].tokens[0].exitLayer == after.hypotheses[0].tokens[0].exitLayer)
            #expect(
                after.operations.executed == before.operations.executed + adapters * 2 * d * d,
                "\(rule.policy.rawValue)")
            #expect(after.operations.fullDepth == before.operations.fullDepth)
        }
    }
}

@Suite("Adapters in files", .timeLimit(.minutes(10)))
struct AdapterFileTests {
    private static let d = CheckpointWriter.Options().width

    /// Loads a checkpoint of three layers whose exits.safetensors was changed.
    private func error(_ change: (inout TensorFile) -> Void) throws -> CheckpointError? {
        var writer = CheckpointWriter()
        var heads = try #require(writer.exitHeads)
        heads.appendAdapters(exits: [1, 2], width: Self.d)
        change(&heads)
        writer.exitHeads = heads
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        do throws(CheckpointError) {
            _ = try TranslationModel(Checkpoint(directory: directory.path))
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "A tensor of another shape, or none, is refused by name",
        arguments: ["weight", "bias", "norm.weight", "norm.bias"])
    func shapes(name: String) throws {
        let full = "exits.adapters.1.\(name)"
        let wrong = try error { file in
            file.tensors.removeAll { $0.name == full }
            file.append(full, [Self.d + 1], [Float](repeating: 0, count: Self.d + 1))
        }
        #expect(wrong?.code == .shapeMismatch)
        #expect(wrong?.subject == full)
        let missing = try error { file in file.tensors.removeAll { $0.name == full } }
        #expect(missing?.code == .tensorMissing)
        #expect(missing?.subject == full)
        let infinite = try error { file in
            file.tensors.removeAll { $0.name == full }
            let shape = name == "weight" ? [Self.d, Self.d] : [Self.d]
            file.append(
                full, shape, [Float](repeating: .infinity, count: shape.reduce(1, *)))
        }
        #expect(infinite?.code == .notFinite)
        #expect(infinite?.subject == full)
    }

    @Test(
        "An adapter of the last exit, of no exit, or of another name is refused by name",
        arguments: ["2.weight", "7.bias", "-1.weight", "0.scale", "weight"])
    func strangers(name: String) throws {
        let stranger = "exits.adapters.\(name)"
        let found = try error {
            $0.append(stranger, [Self.d], [Float](repeating: 0, count: Self.d))
        }
        #expect(found?.code == .unsupportedValue)
        #expect(found?.subject == stranger)
        #expect(found?.expected.contains("exits.adapters.0 to exits.adapters.1") == true)
    }

    @Test("A decoder of one layer takes no adapter")
    func oneLayer() throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 1
        options.withExits = false
        var writer = CheckpointWriter(options)
        var heads = TensorFile()
        heads.appendAdapters(exits: [1], width: Self.d)
        writer.exitHeads = heads
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        #expect(throws: CheckpointError.self) {
            _ = try TranslationModel(Checkpoint(directory: directory.path))
        }
    }

    @Test("exits.json may say that a decoder was adapted")
    func configuration() throws {
        var writer = CheckpointWriter()
        let members = try #require(writer.exits).members.map { member in
            member.name == "decoder_training"
                ? JSONObject.Member(member.name, .string("adapted")) : member
        }
        writer.exits = JSONObject(members)
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        let checkpoint = try Checkpoint(directory: directory.path)
        #expect(checkpoint.exits.decoderTraining == .adapted)
        #expect(checkpoint.exits.json["decoder_training"]?.stringValue == "adapted")
    }
}
