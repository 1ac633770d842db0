import TestSupport
import Testing

@Suite("shoal truecase, as people run it", .timeLimit(.minutes(10)))
struct TruecaseToolTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try Repository.linkedModel(leavingOut: ["exits.json", "exits.safetensors"])
        let text = """
            Zwei Hunde spielen im Schnee.
            Im Schnee spielen zwei Hunde mit dem Ball.
            Ein Mann spielt mit zwei Hunden im Schnee, mit dem Ball.
            """
        try directory.write(Array((text + "\n").utf8), to: "text")
    }

    private func run(_ arguments: [String]) throws -> Run {
        try Run(["truecase", "--model", directory.path] + arguments)
    }

    private func translation(_ text: String) throws -> String {
        try Run(["translate", "--model", directory.path, text]).output
    }

    @Test("Small letters and capitals are translated as running text once the words are learnt")
    func learns() throws {
        let text = directory.path + "/text"
        let run = try run([text, "--check", text])
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output.contains("8 words and pairs of words\n"), "\(run.output)")
        #expect(run.output.contains("% restored"))
        #expect(
            String(decoding: directory.bytes("truecase.txt"), as: UTF8.self)
                == "Ball\nHunde\nSchnee\ndem\nim\nmit\nspielen\nzwei\n")
        let plain = try translation("Zwei Hunde spielen im Schnee.")
        #expect(try translation("zwei hunde spielen im schnee.") == plain)
        #expect(try translation("ZWEI HUNDE SPIELEN IM SCHNEE.") == plain.uppercased())
        let inspected = try Run(["inspect", "--model", directory.path])
        #expect(inspected.output.contains("truecaser         8 words"), "\(inspected.output)")
    }

    @Test("Without a mark the translation is the same but for it, where the checkpoint says so")
    func completes() throws {
        let config = try String(
            decoding: Repository.bytes("models/multi30k-de-en/tokenizer_config.json"), as: UTF8.self
        )
        let changed = config.replacing(
            "{", with: "{\"complete_sentences\": true, ", maxReplacements: 1)
        let own = try Repository.linkedModel(leavingOut: ["tokenizer_config.json"])
        try own.write(Array(changed.utf8), to: "tokenizer_config.json")
        func translation(_ text: String) throws -> String {
            try Run(["translate", "--model", own.path, text]).output
        }
        let plain = try translation("Zwei Hunde spielen im Schnee.")
        #expect(plain.hasSuffix(".\n"))
        #expect(try translation("Zwei Hunde spielen im Schnee") == plain.dropLast(2) + "\n")
    }

    @Test("A dry run writes nothing; what cannot be read or learnt from is refused by its name")
    func refusals() throws {
        let text = directory.path + "/text"
        #expect(try run([text, "--dry-run"]).status == 0)
        #expect(!directory.names(in: "").contains("truecase.txt"))
        try directory.write(Array("EIN MANN\n".utf8), to: "capitals")
        for (arguments, status, message) in [
            ([directory.path + "/none"], 66, "/none"),
            ([directory.path + "/capitals"], 65, "give more text"),
            ([], 64, "files"),
        ] {
            let run = try run(arguments)
            #expect(run.status == Int32(status), "\(run.error)")
            #expect(run.error.contains(message), "\(run.error)")
        }
        let missing = try Run(["truecase", "--model", directory.path + "/nowhere", text])
        #expect(missing.status == 66)
        try directory.write(Array("12 34 56\n".utf8), to: "truecase.txt")
        let damaged = try Run(["translate", "--model", directory.path, "Ein Hund."])
        #expect(
            damaged.status == 65 && damaged.error.contains("truecase.txt: \"line 1\""),
            "\(damaged.error)")
    }
}
