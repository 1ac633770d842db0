import Checkpoint
import TestSupport
import Testing

@Suite("A checkpoint that is written anew")
struct RewritingTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func rewritten(
        _ checkpoint: Checkpoint, as elementType: ElementType? = nil
    ) throws -> Checkpoint {
        try checkpoint.write(to: directory.path + "/new", elementType: elementType)
        return try Checkpoint(directory: directory.path + "/new")
    }

    /// A checkpoint whose files stay, as those of a copy are read again.
    private func kept(_ writer: CheckpointWriter) throws -> Checkpoint {
        try directory.makeDirectory("old")
        for (name, bytes) in writer.contents { try directory.write(bytes, to: "old/\(name)") }
        return try Checkpoint(directory: directory.path + "/old")
    }

    private func values(_ weights: Weights) throws -> [String: [Float]] {
        var values: [String: [Float]] = [:]
        for entry in weights.entries {
            values[entry.name] = try weights.floats(named: entry.name, shape: entry.shape)
        }
        return values
    }

    @Test(
        "has the same files and tensors in their types",
        arguments: ["bf16-banned-ids", "gelu-two-vocabularies", "separate-classifiers-f16"])
    func same(variant: String) throws {
        let path = Repository.path("Tests/Golden/variants/\(variant)")
        let original = try Checkpoint(directory: path)
        let copy = try rewritten(original)
        #expect(copy.configuration == original.configuration)
        #expect(try values(copy.weights) == values(original.weights))
        #expect(
            copy.weights.entries.map(\.elementType) == original.weights.entries.map(\.elementType))
        #expect(copy.exitHeads?.entries.map(\.name) == original.exitHeads?.entries.map(\.name))
        for file in original.files where !file.name.hasSuffix(".safetensors") {
            #expect(
                directory.bytes("new/\(file.name)")
                    == (try Repository.bytes("Tests/Golden/variants/\(variant)/\(file.name)")))
        }
    }

    @Test(
        "in 16 bits has the nearest values of matrices, and vectors as they are",
        arguments: [ElementType.float16, .bfloat16])
    func sixteenBits(type: ElementType) throws {
        let original = try Checkpoint(
            directory: Repository.path("Tests/Golden/variants/untied-projection"))
        let copy = try rewritten(original, as: type)
        let relative: Float = type == .float16 ? 0x1p-11 : 0x1p-8
        for entry in copy.weights.entries {
            let isMatrix = entry.shape.filter { $0 > 1 }.count > 1
            #expect(entry.elementType == (isMatrix ? type : .float32), "\(entry.name)")
            let new = try copy.weights.floats(named: entry.name, shape: entry.shape)
            let old = try original.weights.floats(named: entry.name, shape: entry.shape)
            for (new, old) in zip(new, old) {
                // Below the least normal number of binary16 its steps are as wide as there.
                #expect(abs(new - old) <= relative * max(abs(old), 0x1p-14) * (isMatrix ? 1 : 0))
            }
        }
        let again = try rewritten(copy, as: type)
        #expect(try values(again.weights) == values(copy.weights))
    }

    @Test(
        "of another format has the same values, integers as integers, the same ids and what stands around texts",
        arguments: [
            "marian/opus", "marian/ssru", "marian/before", "ctranslate2/int8", "ctranslate2/int16",
            "ctranslate2/float16", "ctranslate2/argos", "languages/m2m_100", "languages/nllb",
            "languages/mbart", "languages/mbart50",
        ])
    func formats(folder: String) throws {
        let original = try Checkpoint(directory: Repository.path("Tests/Golden/\(folder)"))
        let copy = try rewritten(original)
        #expect(copy.configuration == original.configuration)
        #expect(copy.tokenizer.sourceLanguage == original.tokenizer.sourceLanguage)
        #expect(copy.tokenizer.frame == original.tokenizer.frame)
        #expect(copy.tokenizer.languageTokens == original.tokenizer.languageTokens)
        #expect(try values(copy.weights) == values(original.weights))
        for type in [ElementType.int8, .int16, .float16] {
            func has(_ checkpoint: Checkpoint) -> Bool {
                checkpoint.weights.entries.contains { $0.elementType == type && $0.shape.count > 1 }
            }
            #expect(has(copy) == has(original))
        }
        for (old, new) in [
            (original.sourceVocabulary, copy.sourceVocabulary),
            (original.targetVocabulary, copy.targetVocabulary),
        ] {
            #expect(old.size == new.size)
            #expect((0..<old.size).allSatisfy { old.piece(of: $0) == new.piece(of: $0) })
        }
        let floats = try rewritten(original, as: .float32)
        #expect(try values(floats.weights) == values(original.weights))
        for entry in floats.weights.entries where entry.shape.filter({ $0 > 1 }).count > 1 {
            #expect(entry.elementType == .float32)
        }
    }

    @Test("of a file of PyTorch has each embedding once")
    func torch() throws {
        var writer = CheckpointWriter()
        let shared = try #require(
            writer.model.tensors.first { $0.name == "model.shared.weight" })
        for name in [
            "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
            "lm_head.weight",
        ] {
            writer.model.tensors.append(
                .init(
                    name: name, elementType: shared.elementType, shape: shared.shape,
                    data: shared.data))
        }
        writer.model.append("model.encoder.embed_positions.weight", [2, 2], [1, 2, 3, 4])
        writer.model.tensors.append(
            .init(
                name: "steps", elementType: "I64", shape: [1], data: [UInt8](repeating: 0, count: 8)
            ))
        let plain = try load()
        let copy = try rewritten(kept(writer))
        #expect(try values(copy.weights) == values(plain.weights))
    }

    @Test("is not there where a weight has no room in the type, and what was there stays")
    func overflow() throws {
        var writer = CheckpointWriter()
        let index = try #require(
            writer.model.tensors.firstIndex { $0.name == "model.encoder.layers.0.fc1.weight" })
        // 2^17 as binary32.
        writer.model.tensors[index].data.replaceSubrange(0..<4, with: [0, 0, 0, 0x48])
        let checkpoint = try kept(writer)
        let before = try rewritten(checkpoint).checksum()
        do {
            _ = try rewritten(checkpoint, as: .float16)
            Issue.record("131072 is no number of binary16")
        } catch let error as CheckpointError {
            #expect(error.code == .notFinite)
            #expect(error.subject == "model.encoder.layers.0.fc1.weight")
        }
        #expect(try Checkpoint(directory: directory.path + "/new").checksum() == before)
        #expect(try rewritten(checkpoint, as: .bfloat16).weights.entries.count > 0)
    }
}
