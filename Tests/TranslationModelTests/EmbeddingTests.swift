import Checkpoint
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

/// A checkpoint with changes, read as a network.
private func model(
    _ options: CheckpointWriter.Options = .init(),
    _ change: (inout CheckpointWriter) -> Void = { _ in }
) throws -> TranslationModel {
    var writer = CheckpointWriter(options)
    change(&writer)
    let directory = try TemporaryDirectory()
    try writer.write(to: directory)
    return try TranslationModel(Checkpoint(directory: directory.path))
}

/// Encoder states and, of a step from the start, the logits at full depth, as bits.
private func bits(_ model: TranslationModel) -> [UInt32] {
    let source = model.encode([[3, 4, 5, 0]], scratch: EncoderScratch(for: model))[0]
    let step = DecoderStep(for: model)
    let state = DecoderState(source: source, in: step)
    let node = state.append(after: nil)
    step.begin([
        DecoderRow(state: state, token: model.configuration.decoderStartID, node: node)
    ])
    for n in 1...model.decoderLayerCount { step.runLayer(n) }
    step.classify([0], after: model.decoderLayerCount)
    return ((0..<source.rows).flatMap(source.row) + step.logits.row(0)).map(\.bitPattern)
}

private func refusal(
    _ options: CheckpointWriter.Options = .init(), _ change: (inout CheckpointWriter) -> Void
) throws -> CheckpointError? {
    do {
        _ = try model(options, change)
        return nil
    } catch let error as CheckpointError {
        return error
    }
}

extension CheckpointWriter {
    /// Gives a matrix [V, d] of other numbers a name.
    fileprivate mutating func addMatrix(_ name: String, seed: UInt64 = 9) {
        var random = SeededGenerator(seed: seed)
        let count = 24 * 16
        model.append(
            name, [24, 16], (0..<count).map { _ in Float.random(in: -1...1, using: &random) })
    }

    fileprivate mutating func remove(_ name: String) {
        model.tensors.removeAll { $0.name == name }
    }
}

@Suite("Matrices over vocabularies", .timeLimit(.minutes(10)))
struct EmbeddingTests {
    @Test("A tied projection is the embedding, whatever projection lies beside it")
    func tied() throws {
        let plain = bits(try model())
        #expect(bits(try model { $0.addMatrix("lm_head.weight") }) == plain)
    }

    @Test("A projection of its own is used, and missed where there is none")
    func untied() throws {
        var options = CheckpointWriter.Options()
        options.separateProjection = true
        let plain = bits(try model(options))
        let other = bits(
            try model(options) {
                $0.remove("lm_head.weight")
                $0.addMatrix("lm_head.weight")
            })
        #expect(other != plain)
        let error = try refusal(options) { $0.remove("lm_head.weight") }
        #expect(error?.code == .tensorMissing)
        #expect(error?.subject == "lm_head.weight")
    }

    @Test("A shared embedding is the shared matrix, whatever else lies beside it")
    func shared() throws {
        let plain = bits(try model())
        let stale = try model {
            $0.addMatrix("model.encoder.embed_tokens.weight")
            $0.addMatrix("model.decoder.embed_tokens.weight", seed: 10)
        }
        #expect(bits(stale) == plain)
    }

    @Test("Where nothing is tied, a stack's own embedding is used, and the shared one without it")
    func sharedNotTied() throws {
        var options = CheckpointWriter.Options()
        options.separateProjection = true
        let plain = bits(try model(options))
        for stack in ["encoder", "decoder"] {
            let own = try model(options) { $0.addMatrix("model.\(stack).embed_tokens.weight") }
            #expect(bits(own) != plain)
        }
    }

    @Test(
        "A shared embedding may have the name of either stack where it is the only one",
        arguments: ["encoder", "decoder"])
    func sharedUnderAnotherName(stack: String) throws {
        let plain = bits(try model())
        let renamed = try model { writer in
            for index in writer.model.tensors.indices
            where writer.model.tensors[index].name == "model.shared.weight" {
                writer.model.tensors[index].name = "model.\(stack).embed_tokens.weight"
            }
        }
        #expect(bits(renamed) == plain)
    }

    @Test("Embeddings of their own are missed by name", arguments: ["encoder", "decoder"])
    func separate(stack: String) throws {
        var options = CheckpointWriter.Options()
        options.separateVocabularies = true
        _ = try model(options)
        let name = "model.\(stack).embed_tokens.weight"
        let error = try refusal(options) {
            $0.remove(name)
            $0.addMatrix("model.shared.weight")
        }
        #expect(error?.code == .tensorMissing)
        #expect(error?.subject == name)
    }
}

@Suite("Exits that a checkpoint promises", .timeLimit(.minutes(10)))
struct PromisedExitTests {
    @Test("Separate classifiers without their file are refused")
    func classifiers() throws {
        var options = CheckpointWriter.Options()
        options.separateClassifiers = true
        let error = try refusal(options) { $0.exitHeads = nil }
        #expect(error?.code == .fileMissing)
        #expect(error?.file == "exits.safetensors")
    }

    @Test(
        "A default policy without its head is refused",
        arguments: ["sequence", "token_multinomial", "token_geometric"])
    func defaultPolicy(policy: String) throws {
        func change(_ writer: inout CheckpointWriter) {
            let members = writer.exits?.members ?? []
            writer.exits = JSONObject(
                members.map {
                    $0.name == "default_policy" ? .init($0.name, .string(policy)) : $0
                })
        }
        _ = try model { change(&$0) }
        for withFile in [true, false] {
            let error = try refusal {
                change(&$0)
                $0.exitHeads?.tensors.removeAll { $0.name.hasPrefix("exits.\(policy).") }
                if !withFile { $0.exitHeads = nil }
            }
            #expect(error?.code == .tensorMissing)
            #expect(error?.subject == "exits.\(policy).weight")
        }
    }
}
