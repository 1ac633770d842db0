import Checkpoint
import TestSupport
import Testing

@Suite("Models of Marian")
struct MarianTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func copy(_ folder: String, _ change: (String, [UInt8]) -> [UInt8]? = { $1 }) throws {
        let path = Repository.path("Tests/Golden/marian/\(folder)")
        for name in try Checkpoint(directory: path).files.map(\.name) {
            let bytes = try Repository.bytes("Tests/Golden/marian/\(folder)/\(name)")
            if let bytes = change(name, bytes) { try directory.write(bytes, to: name) }
        }
    }

    private func fault() -> CheckpointError? {
        do {
            _ = try Checkpoint(directory: directory.path)
            return nil
        } catch {
            return error
        }
    }

    /// Replaces one text of a file by one of the same length.
    private func replacing(_ old: String, _ new: String) -> (String, [UInt8]) -> [UInt8] {
        { _, bytes in
            let (old, new) = (Array(old.utf8), Array(new.utf8))
            guard let start = bytes.firstRange(of: old)?.lowerBound else { return bytes }
            return Array(bytes[..<start]) + new + bytes[(start + old.count)...]
        }
    }

    @Test("The pair of languages is in the file's name, as Bergamot and Firefox have it")
    func languages() throws {
        try copy("ssru")
        let tokenizer = try Checkpoint(directory: directory.path).tokenizer
        #expect(tokenizer.sourceLanguage == "aa")
        #expect(tokenizer.targetLanguage == "bb")
    }

    @Test(
        "An option that is not computed is refused by its name",
        arguments: [
            ("opus", "type: transformer", "type: nematus____", "special:model.yml.type"),
            (
                "opus", "transformer-ffn-activation: swish", "transformer-ffn-activation: gelu ",
                "special:model.yml.transformer-ffn-activation"
            ),
            (
                "opus", "transformer-postprocess: dan", "transformer-postprocess: dhn",
                "special:model.yml.transformer-postprocess"
            ),
            (
                "ssru", "dec-cell: ssru", "dec-cell: gru ",
                "special:model.yml.transformer-decoder-autoreg"
            ),
            (
                "opus", "transformer-ffn-depth: 2", "transformer-ffn-depth: 3",
                "special:model.yml.transformer-ffn-depth"
            ),
            ("opus", "dec-depth: 3", "dec-wepth: 3", "special:model.yml.dec-depth"),
        ])
    func refusals(folder: String, old: String, new: String, key: String) throws {
        try copy(folder, replacing(old, new))
        #expect(fault()?.subject == key)
    }

    @Test("An anchor in the options is refused, for a small text can hide a large one behind it")
    func anchors() throws {
        try copy("opus", replacing("lemma-dim-emb: 0", "lemma-dim-e: &ab"))
        #expect(fault()?.code == .malformedYAML)
    }

    @Test(
        "Two models in a directory, and one without a vocabulary, are refused with what is wanted")
    func files() throws {
        try copy("ssru")
        try directory.write(directory.bytes("model.aabb.intgemm.alphas.bin"), to: "other.bin")
        #expect(fault()?.code == .unsupportedFormat)
        let alone = try TemporaryDirectory()
        try alone.write(
            directory.bytes("model.aabb.intgemm.alphas.bin"), to: "model.aabb.intgemm.alphas.bin")
        #expect(throws: CheckpointError.self) { try Checkpoint(directory: alone.path) }
    }

    @Test("Pieces in a list may be plain, in either quotes with escapes, or on lines of their own")
    func vocabularyList() throws {
        try copy("opus")
        let original = try Checkpoint(directory: directory.path).sourceVocabulary
        let list = String(decoding: directory.bytes("opus.spm.vocab.yml"), as: UTF8.self)
        let pieces = ["\u{2028}", "it's", "\"", "\\", "\u{85}", ":", "? x", "a: b"]
        let lines = [
            "\"\u{2028}\": 60", "'it''s': 61", "\"\\\"\": 62", "\"\\\\\": 63", "\"\\x85\": 64",
            "\":\": 65", "? \"? x\"\n: 66", "\"\\u0061: b\": 67",
        ]
        try directory.write(
            Array((list + lines.joined(separator: "\n") + "\n").utf8), to: "opus.spm.vocab.yml")
        let vocabulary = try Checkpoint(directory: directory.path).sourceVocabulary
        #expect((0..<60).allSatisfy { vocabulary.piece(of: $0) == original.piece(of: $0) })
        #expect((60..<68).map { vocabulary.piece(of: $0) } == pieces)
        for wrong in ["a", "a: b", "a: -1", "\"\\x8\": 1", "\"\\ud800\": 1", "a: 99999999999"] {
            try directory.write(Array((list + wrong + "\n").utf8), to: "opus.spm.vocab.yml")
            #expect(fault()?.code == .malformedVocabulary)
        }
    }
}
