import Foundation
import TestSupport
import Testing

@Suite("shoal serve --check-config", .timeLimit(.minutes(10)))
struct CheckConfigTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func resource(_ name: String) -> String {
        Repository.path("Tests/HTTPServerTests/Resources/" + name)
    }

    private func check(_ flags: [String]) throws -> Run {
        try Run(["serve", "--check-config"] + flags)
    }

    @Test("What a start needs is opened and tried, and ok and a summary are printed")
    func good() throws {
        try directory.write(Array(Run("generate-key", "reader").output.utf8), to: "keys")
        let run = try check([
            "--auth-keys-file", directory.path + "/keys",
            "--tls-certificate", Self.resource("server.pem"),
            "--tls-key", Self.resource("server-key.pem"), "--exit-policy", "confidence",
            "--exit-threshold", "0.9,0.9,0.9,0.9,0.9",
        ])
        #expect(run.status == 0)
        #expect(run.error.isEmpty)
        let lines = run.output.split(separator: "\n")
        try #require(lines.count == 4)
        #expect(lines[0] == "ok")
        #expect(lines[1] == "keys: 1 in \(directory.path)/keys")
        #expect(lines[2] == "address: https://127.0.0.1:8080")
        #expect(lines[3].hasPrefix("model: tatoeba-de-en, de to en, 6 decoder layers, float32"))
    }

    @Test(
        "A folder of models serves each subfolder that holds one; without --model the first is the standard one"
    )
    func models() throws {
        for name in ["b-second", "a-first"] {
            try directory.makeDirectory(name)
            for file in ["model.aabb.intgemm.alphas.bin", "vocab.aabb.spm"] {
                try directory.write(
                    Repository.bytes("Tests/Golden/marian/ssru/\(file)"), to: "\(name)/\(file)")
            }
        }
        try directory.makeDirectory("empty")
        try directory.write(
            Repository.bytes("Tests/Golden/ctranslate2/translate-de_en.argosmodel"),
            to: "de_en.argosmodel")
        let run = try check(["--models", directory.path])
        #expect(run.status == 0, "\(run.error)")
        let models = run.output.split(separator: "\n").filter { $0.hasPrefix("model: ") }
        #expect(
            models.map { $0.split(separator: ",")[0] } == [
                "model: a-first", "model: b-second", "model: de_en",
            ])
        let both = try check(["--models", directory.path, "--model", "Tests/Golden/languages/nllb"])
        #expect(both.output.contains("model: nllb"))
        #expect(try check(["--models", directory.path + "/empty"]).status == 66)
        #expect(try check(["--models", "/nowhere"]).status == 66)
        let twice = try check(
            ["--models", directory.path, "--model", "Tests/Golden/marian/../marian/ssru"])
        #expect(twice.status == 0)
        try directory.write(Array("x".utf8), to: "b-second/vocab.aabb.spm")
        let broken = try check(["--models", directory.path])
        #expect(broken.status == 65)
        #expect(broken.error.contains("b-second"))
    }

    @Test(
        "What a start would refuse ends with the code of the start, which says the same",
        arguments: [
            (["--model", "/nowhere"], 66, "/nowhere"),
            (["--model", "docs"], 65, "config.json"),
            (["--auth-keys-file", "/nowhere"], 66, "/nowhere"),
            (["--tls-certificate", "server.pem"], 78, "go together"),
            (
                ["--tls-certificate", "server.pem", "--tls-key", "client-key.pem"], 78,
                "client-key.pem"
            ),
            (["--tls-certificate", "none.pem", "--tls-key", "server-key.pem"], 78, "none.pem"),
            (["--exit-policy", "confidence", "--exit-threshold", "0.9,0.9"], 78, "exit"),
            (["--exit-policy", "confidence", "--exit-profile", "none"], 78, "profile"),
            (["--exit-policy", "full", "--exit-profile", "none"], 78, "profile"),
            (["--exit-max-layer", "7"], 78, "layer"),
            (["--host", "203.0.113.7"], 69, "203.0.113.7"),
            (["--host", String(repeating: "a", count: 64)], 69, "aaaa"),
        ] as [([String], Int32, String)])
    func bad(_ flags: [String], _ status: Int32, _ text: String) throws {
        let flags = flags.map { $0.hasSuffix(".pem") ? Self.resource($0) : $0 }
        let run = try check(flags)
        #expect(run.status == status)
        #expect(run.output.isEmpty)
        #expect(run.error.contains(text))
        let start = try Run(["serve", "--port", "0"] + flags)
        #expect(start.status == status)
        #expect(start.error.contains(text))
    }

    @Test("All that is wrong is told at once, with the code that the start would end with")
    func allAtOnce() throws {
        let run = try check([
            "--model", "/nowhere", "--auth-keys-file", "/nokeys", "--host", "203.0.113.7",
        ])
        #expect(run.status == 66)
        let lines = run.error.split(separator: "\n")
        try #require(lines.count == 3)
        for (line, text) in zip(lines, ["/nokeys", "203.0.113.7", "/nowhere"]) {
            #expect(line.hasPrefix("shoal: "))
            #expect(line.contains(text))
        }
    }

    @Test("A server that runs on the port does not keep its settings from being checked")
    func besideServer() throws {
        let server = try ServerRun()
        #expect(try check(["--port", String(server.port)]).status == 0)
    }

    @Test("A missing model is 66 and a broken one 65, whatever the command")
    func modelCodes() throws {
        for command in [["translate", "Ein Hund."], ["inspect"]] {
            #expect(try Run(command + ["--model", "/nowhere"]).status == 66)
            #expect(try Run(command + ["--model", "docs"]).status == 65)
        }
    }

    @Test("An environment variable that is not UTF-8 is told by its name")
    func environment() throws {
        let (output, error) = (Pipe(), Pipe())
        let process = try ToolProcess(
            ["serve", "--print-config"], output: output.fileHandleForWriting,
            error: error.fileHandleForWriting,
            shell: #"SHOAL_MODEL_PATH="$(printf 'a\377')" OTHER="$(printf '\377')" exec "$0" "$@""#)
        #expect(process.end().status == 78)
        let text = String(
            decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text == "shoal: environment variable SHOAL_MODEL_PATH is not UTF-8\n")
    }

    @Test(
        "A command that does not exist ends with 64 and the nearest one",
        arguments: [
            (["translat"], "did you mean translate"),
            (["help", "nonsense"], "no command nonsense"),
            (["help", "sreve"], "did you mean serve"), (["hepl"], "did you mean help"),
        ])
    func unknownCommand(_ arguments: [String], _ text: String) throws {
        let run = try Run(arguments)
        #expect(run.status == 64)
        #expect(run.error.contains(text))
        #expect(run.output.isEmpty)
    }

    @Test("Every command tells the tool's version")
    func version() throws {
        let version = try Run("--version").output
        #expect(try Run("serve", "--version").output == version)
        #expect(try Run("serve", "--version").status == 0)
        #expect(try Run("translate", "--version").output == version)
    }

    @Test("The policy fixed without a layer names the flag that is missing")
    func fixedWithoutLayer() throws {
        let run = try Run(
            "translate", "--model", Repository.model, "--policy", "fixed", "Ein Hund.")
        #expect(run.status != 0)
        #expect(run.error.contains("--layer"))
        #expect(!run.error.contains("exit.layer"))
    }
}
