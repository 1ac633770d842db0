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

    /// Replaces a text of a file, wherever it is, by one of the same length.
    private func replacing(_ old: String, _ new: String) -> (String, [UInt8]) -> [UInt8] {
        { _, bytes in bytes.replacing(Array(old.utf8), with: Array(new.utf8)) }
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
                "opus", "transformer-ffn-activation: swish", "transformer-ffn-activation: tanh ",
                "special:model.yml.transformer-ffn-activation"
            ),
            (
                "opus", "transformer-postprocess: dan", "transformer-postprocess: dhn",
                "special:model.yml.transformer-postprocess"
            ),
            (
                "opus", "transformer-postprocess-emb: d", "transformer-postprocess-emb: r",
                "special:model.yml.transformer-postprocess-emb"
            ),
            (
                "opus", "tied-embeddings: false", "right-left: true      ",
                "special:model.yml.right-left"
            ),
            (
                "opus", "transformer-train-positions: false",
                "transformer-decoder-ffn-depth: 1  ",
                "special:model.yml.transformer-decoder-ffn-depth"
            ),
            (
                "opus", "transformer-train-positions: false",
                "transformer-tied-layers: 1        ", "special:model.yml.transformer-tied-layers"
            ),
            ("opus", "decoder_l1_ffn_W2", "decoder_l1_ffn_W3", "decoder_l1_ffn_W3"),
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
        #expect(fault(of: directory)?.subject == key)
    }

    @Test(
        "An anchor in the options is refused, and what leads to one, for a small text can hide a large one behind it",
        arguments: [
            "lemma-dim-e: &ab", "lemma-dim-e: *ab", "lemma-dim-:\t &ab", "lemma-dim:!! &ab",
            "lemma-dim: !a &b", "lemma-dim-: - &b", "lemma-dim-:\r &ab",
        ])
    func anchors(_ line: String) throws {
        try copy("opus", replacing("lemma-dim-emb: 0", line))
        #expect(fault(of: directory)?.code == .malformedYAML)
    }

    @Test("A tensor has as many values as its shape says, or none of its own")
    func shapes() throws {
        let name = "model.aabb.intgemm.alphas.bin"
        let original = try Repository.bytes("Tests/Golden/marian/ssru/\(name)")
        func integer(at place: Int, _ count: Int) -> Int {
            original[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let count = integer(at: 8, 8)
        let headers = (0..<count).map { 16 + 32 * $0 }
        let names = headers.reduce(16 + 32 * count) { $0 + integer(at: $1, 8) }
        try copy("ssru")
        var shape = names
        for header in headers {
            shape += 4 * integer(at: header + 16, 8)
            var bytes = original
            bytes.insert(contentsOf: [0, 0, 0, 0], at: shape)
            bytes[header + 16] += 1
            try directory.write(bytes, to: name)
            guard let weights = try? Checkpoint(directory: directory.path).weights else { continue }
            for entry in weights.entries {
                let values = try? weights.floats(named: entry.name, shape: entry.shape)
                #expect(values == nil || values?.count == entry.shape.reduce(1, *))
            }
        }
    }

    @Test("A model may have the name that CTranslate2 gives its own")
    func name() throws {
        try copy("ssru")
        let name = "model.aabb.intgemm.alphas.bin"
        let other = try TemporaryDirectory()
        try other.write(directory.bytes(name), to: "model.bin")
        try other.write(directory.bytes("vocab.aabb.spm"), to: "vocab.spm")
        #expect(throws: Never.self) { try Checkpoint(directory: other.path) }
    }

    @Test("Of two SentencePiece models each says whose it is")
    func sides() throws {
        try copy("before") { name, bytes in name.hasSuffix(".spm") ? nil : bytes }
        let model = try Repository.bytes("Tests/Golden/marian/before/srcvocab.spm")
        for name in ["vocab.aabb.spm", "vocab.bbaa.spm"] { try directory.write(model, to: name) }
        #expect(fault(of: directory)?.code == .fileMissing)
    }

    @Test(
        "Two models in a directory, and one without a vocabulary, are refused with what is wanted")
    func files() throws {
        try copy("ssru")
        try directory.write(directory.bytes("model.aabb.intgemm.alphas.bin"), to: "other.bin")
        #expect(fault(of: directory)?.code == .unsupportedFormat)
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
            #expect(fault(of: directory)?.code == .malformedVocabulary)
        }
    }
}
