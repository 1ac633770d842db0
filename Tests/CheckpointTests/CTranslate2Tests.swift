import Checkpoint
import TestSupport
import Testing

/// A model.bin in the making, version 6.
private struct ModelFile {
    var variables: [(name: String, type: UInt8, shape: [UInt32], data: [UInt8])] = []
    var specification = "TransformerSpec"
    var version: UInt32 = 6

    private static func number(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    private static func text(_ text: String) -> [UInt8] {
        number(UInt16(text.utf8.count + 1)) + Array(text.utf8) + [0]
    }

    var bytes: [UInt8] {
        var bytes = Self.number(version) + Self.text(specification) + Self.number(UInt32(7))
        bytes += Self.number(UInt32(variables.count))
        for variable in variables {
            bytes += Self.text(variable.name) + [UInt8(variable.shape.count)]
            bytes += variable.shape.flatMap { Self.number($0) } + [variable.type]
            bytes += Self.number(UInt32(variable.data.count)) + variable.data
        }
        return bytes + Self.number(UInt32(0))
    }
}

@Suite("Models of CTranslate2 that are not what they seem")
struct CTranslate2Tests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["shared_vocabulary.json", "source.spm", "target.spm", "config.json"] {
            try directory.write(
                Repository.bytes("Tests/Golden/ctranslate2/int8/\(name)"), to: name)
        }
    }

    private func fault(_ file: ModelFile) throws -> CheckpointError? {
        try directory.write(file.bytes, to: "model.bin")
        do {
            let checkpoint = try Checkpoint(directory: directory.path)
            for entry in checkpoint.weights.entries {
                _ = try checkpoint.weights.floats(named: entry.name, shape: entry.shape)
            }
            return nil
        } catch {
            return error
        }
    }

    /// What is wrong with a directory; nil, and an issue, where it is read.
    private func refusal(_ path: String) -> CheckpointError? {
        do {
            _ = try Checkpoint(directory: path)
            Issue.record("it was read")
            return nil
        } catch {
            return error
        }
    }

    private func nan() -> [UInt8] { [0, 0, 0xC0, 0x7F] }

    @Test("Numbers that are none, and sizes whose products no integer holds, are refused")
    func numbers() throws {
        let large = UInt32.max
        for variables in [
            [("decoder/num_heads", UInt8(0), [UInt32](), nan())],
            [("encoder/activation", 0, [], nan())],
            [("decoder/scale_embeddings", 0, [], nan())],
            [
                ("decoder/embeddings/weight", 0, [0, large], []),
                ("encoder/position_encodings/encodings", 0, [large, 0], []),
                ("decoder/position_encodings/encodings", 0, [large, 0], []),
            ],
            [
                ("decoder/layer_0/self_attention/linear_0/weight", 0, [large, 0], []),
                ("decoder/layer_0/ffn/linear_0/weight", 0, [large, 0], []),
                ("encoder/layer_0/ffn/linear_0/weight", 1, [large, 0], []),
                ("encoder/layer_0/ffn/linear_0/weight_scale", 0, [], [0, 0, 0x80, 0x3F]),
            ],
        ] {
            var file = ModelFile()
            file.variables = variables.map { ($0.0, $0.1, $0.2, $0.3) }
            #expect(try fault(file) != nil)
        }
    }

    @Test("A bias of another shape than its weights' rows is refused by its name")
    func bias() throws {
        var bytes = try Repository.bytes("Tests/Golden/ctranslate2/int8/model.bin")
        let name = "decoder/layer_0/ffn/linear_0/bias"
        let range = try #require(bytes.firstRange(of: Array(name.utf8) + [0]))
        #expect(bytes[range.upperBound] == 1)
        bytes[range.upperBound] = 2
        bytes.insert(contentsOf: [1, 0, 0, 0], at: range.upperBound + 1)
        try directory.write(bytes, to: "model.bin")
        let error = refusal(directory.path)
        #expect(error?.code == .shapeMismatch)
        #expect(error?.subject == name)
    }

    @Test(
        "A piece around texts that the vocabulary lacks is refused, not taken for the unknown one")
    func frame() throws {
        let package = try TemporaryDirectory()
        try package.makeDirectory("model")
        let folder = "Tests/Golden/ctranslate2/argos"
        for file in try Checkpoint(directory: Repository.path(folder)).files.map(\.name) {
            try package.write(Repository.bytes("\(folder)/\(file)"), to: file)
        }
        try package.write(
            Array(#"{"from_code": "de", "to_code": "en", "target_prefix": ">>no<<"}"#.utf8),
            to: "metadata.json")
        let error = refusal(package.path)
        #expect(error?.code == .malformedVocabulary)
        #expect(error?.subject == ">>no<<")
    }

    @Test(
        "A conversion of a model of many languages is refused, for nothing says how to choose one",
        arguments: ["__en__", "eng_Latn", "en_XX"])
    func languages(_ token: String) throws {
        for name in ["model.bin", "shared_vocabulary.json"] {
            try directory.write(
                Repository.bytes("Tests/Golden/ctranslate2/int8/\(name)")
                    .replacing(Array(#""ki""#.utf8), with: Array("\"\(token)\"".utf8)), to: name)
        }
        let error = refusal(directory.path)
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.subject == token)
    }

    @Test("Another specification and other versions are refused with what is read")
    func others() throws {
        var file = ModelFile()
        file.specification = "TransformerDecoderModelSpec"
        #expect(try fault(file)?.code == .unsupportedFormat)
        file.specification = "TransformerSpec"
        for version: UInt32 in [1, 7, 60] {
            file.version = version
            #expect(try fault(file)?.code == .unsupportedFormat)
        }
    }

    @Test("A variable that stands for what is not computed is refused by its name")
    func unknown() throws {
        let original = try Repository.bytes("Tests/Golden/ctranslate2/argos/model/model.bin")
        // The count of variables stands behind version, name and revision.
        let place = 4 + 2 + 16 + 4
        var bytes = original
        bytes[place] += 1
        let name = Array("decoder/layer_0/self_attention/relative_position_keys".utf8) + [0]
        let variable = [UInt8(name.count), 0] + name + [1, 2, 0, 0, 0, 1, 2, 0, 0, 0, 5, 5]
        bytes.insert(contentsOf: variable, at: place + 4)
        let package = try TemporaryDirectory()
        try package.makeDirectory("model")
        for file in [
            "metadata.json", "sentencepiece.model", "model/config.json",
            "model/source_vocabulary.json", "model/target_vocabulary.json",
            "model/shared_vocabulary.json",
        ] {
            if let content = try? Repository.bytes("Tests/Golden/ctranslate2/argos/\(file)") {
                try package.write(content, to: file)
            }
        }
        try package.write(bytes, to: "model/model.bin")
        let error = refusal(package.path)
        #expect(error?.subject == "decoder/layer_0/self_attention/relative_position_keys")
        #expect(error?.code == .unsupportedValue)
    }
}
