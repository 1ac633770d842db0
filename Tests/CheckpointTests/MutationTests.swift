import Checkpoint
import JSON
import TestSupport
import Testing

/// Loads what may be broken and asks for every tensor; an error is as good as a result.
private func survives(_ directory: TemporaryDirectory) -> Bool {
    guard let checkpoint = try? Checkpoint(directory: directory.path) else { return false }
    for entry in checkpoint.weights.entries {
        _ = try? checkpoint.weights.floats(named: entry.name, shape: entry.shape)
    }
    return true
}

@Suite struct MutationTests {
    @Test(
        "A mutated file ends in an error or a checkpoint, never in a trap",
        arguments: [
            "config.json", "generation_config.json", "tokenizer_config.json", "vocab.json",
            "target_vocab.json", "exits.json", "model.safetensors", "exits.safetensors",
        ])
    func mutations(name: String) throws {
        var options = CheckpointWriter.Options()
        options.width = 4
        options.encoderLayers = 1
        options.decoderLayers = 2
        options.sharedLayers = true
        options.separateVocabularies = true
        var writer = CheckpointWriter(options)
        writer.files["generation_config.json"] = Array(
            #"{"bad_words_ids":[[9],[7,8]],"num_beams":4}"#.utf8)
        let original = try #require(writer.contents[name])
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        var random = SeededGenerator(seed: UInt64(original.count))
        var loaded = 0
        for _ in 0..<400 {
            var bytes = original
            for _ in 0...random.below(3) { random.mutate(&bytes) }
            try directory.write(bytes, to: name)
            if survives(directory) { loaded += 1 }
        }
        try directory.write(original, to: name)
        #expect(survives(directory))
        #expect(loaded < 400)
    }

    @Test(
        "A mutated model in another format ends in an error or a checkpoint, never in a trap",
        arguments: [
            ("marian/opus", "opus.npz"), ("marian/opus", "opus.spm.vocab.yml"),
            ("marian/ssru", "model.aabb.intgemm.alphas.bin"), ("marian/ssru", "vocab.aabb.spm"),
            ("ctranslate2/int8", "model.bin"), ("ctranslate2/int8", "shared_vocabulary.json"),
            ("ctranslate2/argos", "model/model.bin"), ("ctranslate2/argos", "metadata.json"),
            ("languages/nllb", "tokenizer_config.json"),
            ("languages/nllb", "special_tokens_map.json"),
            ("languages/m2m_100", "vocab.json"),
        ])
    func formats(folder: String, name: String) throws {
        let directory = try TemporaryDirectory()
        let path = Repository.path("Tests/Golden/\(folder)")
        if folder == "ctranslate2/argos" { try directory.makeDirectory("model") }
        for file in try Checkpoint(directory: path).files.map(\.name) {
            try directory.write(Repository.bytes("Tests/Golden/\(folder)/\(file)"), to: file)
        }
        #expect(survives(directory))
        let original = directory.bytes(name)
        var random = SeededGenerator(seed: UInt64(original.count))
        var loaded = 0
        for turn in 0..<1_000 {
            var bytes = original
            // Half of the changes fall upon what describes the tensors: it stands at one end of the file.
            if turn.isMultiple(of: 2) {
                let end = name.hasSuffix(".npz")
                var part = Array(end ? bytes.suffix(6_000) : bytes.prefix(6_000))
                for _ in 0...random.below(3) { random.mutate(&part) }
                bytes = end ? bytes.dropLast(6_000) + part : part + bytes.dropFirst(6_000)
            } else {
                for _ in 0...random.below(3) { random.mutate(&bytes) }
            }
            try directory.write(bytes, to: name)
            if survives(directory) { loaded += 1 }
        }
        #expect(loaded < 1_000)
    }

    @Test(
        "A mutated package ends in an error or a checkpoint, never in a trap, and makes no more than it says"
    )
    func package() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/x.argosmodel"
        let original = try Repository.bytes("Tests/Golden/ctranslate2/translate-de_en.argosmodel")
        let folder = try Checkpoint(directory: Repository.path("Tests/Golden/ctranslate2/argos"))
        try directory.write(original, to: "x.argosmodel")
        let packed = try Checkpoint(directory: path)
        #expect(packed.configuration == folder.configuration)
        #expect(packed.tokenizer == folder.tokenizer)
        for entry in folder.weights.entries {
            #expect(
                try packed.weights.floats(named: entry.name, shape: entry.shape)
                    == folder.weights.floats(named: entry.name, shape: entry.shape))
        }
        #expect(packed.files.map(\.name) == folder.files.map(\.name))
        #expect(try packed.checksum() == folder.checksum())
        var random = SeededGenerator(seed: 11)
        var loaded = 0
        for turn in 0..<1_000 {
            var bytes = original
            if turn.isMultiple(of: 2) {
                var part = Array(bytes.suffix(700))
                for _ in 0...random.below(3) { random.mutate(&part) }
                bytes = bytes.dropLast(700) + part
            } else {
                for _ in 0...random.below(3) { random.mutate(&bytes) }
            }
            try directory.write(bytes, to: "x.argosmodel")
            guard let checkpoint = try? Checkpoint(directory: path) else { continue }
            for entry in checkpoint.weights.entries {
                _ = try? checkpoint.weights.floats(named: entry.name, shape: entry.shape)
            }
            loaded += 1
        }
        #expect(loaded < 1_000)
    }

    @Test("A header with other numbers is refused or describes tensors within the file")
    func headerNumbers() throws {
        var tensors = TensorFile()
        tensors.append("a", [2, 3], [1, 2, 3, 4, 5, 6], .float16)
        tensors.append("b", [4], [1, 2, 3, 4])
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(seed: 3)
        let numbers: [Int64] = [0, 1, 2, 4, 6, 12, 16, 28, 29, -1, .max, .min, 1 << 32, 1 << 62]
        for _ in 0..<2_000 {
            let header = random.replacingNumbers(in: .object(tensors.header), by: numbers)
            let bytes = tensors.bytes(header: JSON.serialize(header))
            try directory.write(bytes, to: "x.safetensors")
            guard let opened = try? Weights(safetensors: "x.safetensors", in: directory.path) else {
                continue
            }
            for entry in opened.entries {
                let values = try? opened.floats(named: entry.name, shape: entry.shape)
                #expect(values.map(\.count) ?? entry.shape.reduce(1, *) == entry.shape.reduce(1, *))
            }
        }
    }

    @Test("A file cut off anywhere in its header or data is refused")
    func truncation() throws {
        var tensors = TensorFile()
        tensors.append("a", [2, 3], [1, 2, 3, 4, 5, 6])
        let directory = try TemporaryDirectory()
        let bytes = tensors.bytes
        for count in 0..<bytes.count {
            try directory.write(Array(bytes.prefix(count)), to: "x.safetensors")
            #expect(throws: CheckpointError.self) {
                try Weights(safetensors: "x.safetensors", in: directory.path)
            }
        }
    }
}

extension SeededGenerator {
    /// The same value with about one integer in six replaced.
    fileprivate mutating func replacingNumbers(
        in value: JSONValue, by numbers: [Int64]
    ) -> JSONValue {
        switch value {
        case .integer where below(6) == 0: .integer(numbers[below(numbers.count)])
        case .array(let elements): .array(elements.map { replacingNumbers(in: $0, by: numbers) })
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map {
                        .init($0.name, replacingNumbers(in: $0.value, by: numbers))
                    }))
        default: value
        }
    }
}
