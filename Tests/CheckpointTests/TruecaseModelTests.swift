import Checkpoint
import JSON
import TestSupport
import Testing

@Suite("truecase.txt", .timeLimit(.minutes(10)))
struct TruecaseModelTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try Repository.copiedNetwork("variants/untied-projection")
    }

    private func load(_ text: [UInt8]) throws -> TruecaseModel? {
        try directory.write(text, to: "truecase.txt")
        return try Checkpoint(directory: directory.path).truecaser
    }

    private func load(_ text: String) throws -> TruecaseModel? { try load(Array(text.utf8)) }

    @Test("Words and pairs of words are found whatever their case; a pair counts before its word")
    func lookup() throws {
        let model = try #require(
            try load("# comment\n\nmorgen\nguten Morgen\nNATO\nİstanbul\nÄrger\n"))
        #expect(model.count == 5)
        #expect(model.form(of: "MORGEN", after: nil) == "morgen")
        #expect(model.form(of: "morgen", after: "GUTEN") == "Morgen")
        #expect(model.form(of: "morgen", after: "heute") == "morgen")
        #expect(model.form(of: "nato", after: nil) == "NATO")
        #expect(model.form(of: "istanbul", after: nil) == "İstanbul")
        #expect(model.form(of: "ärger", after: nil) == "Ärger")
        #expect(model.form(of: "abend", after: "guten") == nil)
        #expect(try Checkpoint(directory: Repository.model).truecaser == nil)
    }

    @Test("What is written is read as the same, in one order, and belongs to no network")
    func writing() throws {
        let forms: [(previous: String?, word: String)] = [
            (nil, "morgen"), ("guten", "Morgen"), (nil, "Hund"), (nil, "ab"), ("am", "Morgen"),
        ]
        let checkpoint = try Checkpoint(directory: directory.path)
        let before = try checkpoint.checksums()
        try checkpoint.writeTruecaser(TruecaseModel(forms))
        #expect(
            String(decoding: directory.bytes("truecase.txt"), as: UTF8.self)
                == "Hund\nam Morgen\nguten Morgen\nab\nmorgen\n")
        let after = try Checkpoint(directory: directory.path)
        #expect(after.truecaser == TruecaseModel(forms.reversed()))
        #expect(try after.checksums().network == before.network)
        #expect(try after.checksums().files != before.files)
        try after.write(to: directory.path + "/copy")
        #expect(try Checkpoint(directory: directory.path + "/copy").truecaser == after.truecaser)
    }

    @Test(
        "A line that is no word is refused by its number",
        arguments: [
            ("Hund\na b c\n", "line 2"), ("Hund\nKatze\n12\n", "line 3"), (" Hund\n", "line 1"),
            ("Hund\n\nhund\n", "line 3"), ("am Morgen\nAm morgen", "line 2"),
            ("Hund\r\n", "line 1"),
            ("a\u{A0}b\n", "line 1"),
        ])
    func refusals(text: String, line: String) throws {
        let fault = #expect(throws: CheckpointError.self) { try load(text) }
        #expect(fault?.code == .malformedTruecaser)
        #expect(fault?.file == "truecase.txt" && fault?.subject == line)
    }

    @Test("Mutated bytes are refused by name or give forms with the letters of their words")
    func mutations() throws {
        let original = Array("Hund\nam Morgen\nguten Morgen\nab\nmorgen\nÄrger\nİzmir\n".utf8)
        var random = SeededGenerator(seed: 17)
        for _ in 0..<500 {
            var bytes = original
            for _ in 0...random.below(3) { random.mutate(&bytes) }
            do {
                let model = try load(bytes)
                if let form = model?.form(of: "hund", after: "am") {
                    #expect(form.lowercased() == "hund")
                }
            } catch let error as CheckpointError {
                #expect(error.code == .malformedTruecaser && error.file == "truecase.txt")
            }
        }
    }

    @Test("A checkpoint says whether sentences are completed; by itself it does not")
    func completesSentences() throws {
        var writer = CheckpointWriter()
        func tokenizer() throws -> TokenizerConfiguration {
            let directory = try TemporaryDirectory()
            try writer.write(to: directory)
            return try Checkpoint(directory: directory.path).tokenizer
        }
        #expect(try !tokenizer().completesSentences)
        writer.tokenizerConfig = writer.tokenizerConfig.setting("complete_sentences", .bool(true))
        #expect(try tokenizer().completesSentences)
        writer.tokenizerConfig = writer.tokenizerConfig.setting(
            "complete_sentences", .string("yes"))
        let fault = #expect(throws: CheckpointError.self) { try tokenizer() }
        #expect(fault?.subject == "complete_sentences")
    }
}
