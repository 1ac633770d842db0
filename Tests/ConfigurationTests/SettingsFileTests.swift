import Configuration
import TestSupport
import Testing

@Suite("Files of settings that are wrong", .timeLimit(.minutes(10)))
struct SettingsFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// What loading a file says; nil where it loads.
    private func fault(_ text: String) throws -> Failure? {
        try fault(Array(text.utf8))
    }

    private func fault(_ bytes: [UInt8]) throws -> Failure? {
        try directory.write(bytes, to: "server.yaml")
        return fault(path: directory.path + "/server.yaml")
    }

    private func fault(path: String) -> Failure? {
        var line = SettingsLoader.CommandLine()
        line.configurationPath = path
        do {
            _ = try SettingsLoader(line, environment: [:])
            return nil
        } catch {
            return error as? Failure
        }
    }

    @Test("All faults of file, environment and flags are told at once, each with its place")
    func allAtOnce() throws {
        let text = "limits: {max_beems: 3, max_texts: 0}\nlog: {level: loud}\n"
        try directory.write(Array(text.utf8), to: "server.yaml")
        var line = SettingsLoader.CommandLine()
        line.configurationPath = directory.path + "/server.yaml"
        line.values = try SettingsLoader.parse(["--port", "70000"]).values
        let environment = ["SHOAL_LIMITS_MAX_BEEM": "2", "SHOAL_LIMITS_TIMEOUT": "5"]
        let failure = #expect(throws: Failure.self) {
            try SettingsLoader(line, environment: environment)
        }
        let lines = try #require(failure).description.split(separator: "\n")
        #expect(failure?.code == 78)
        #expect(lines.count == 6)
        for (line, part) in zip(
            lines,
            [
                "line 1: limits.max_beems; did you mean limits.max_beam",
                "limits.max_texts from file", "log.level from file",
                "did you mean SHOAL_LIMITS_MAX_BEAM",
                "limits.timeout from environment variable SHOAL_LIMITS_TIMEOUT",
                "server.listen.port from flag --port must be 0 to 65535; given 70000",
            ])
        {
            #expect(line.contains(part))
        }
    }

    @Test("All flags that do not exist are told at once")
    func unknownFlags() throws {
        let failure = #expect(throws: Failure.self) {
            try SettingsLoader.parse(["--prot", "1", "--log-levl=info", "--port"])
        }
        let lines = try #require(failure).description.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].contains("did you mean --port"))
        #expect(lines[1].contains("did you mean --log-level"))
        #expect(lines[2].contains("--port needs a value"))
    }

    @Test(
        "Lists and other shapes are taken where a setting has them only",
        arguments: [
            ("cors: {origins: ['https://a.example', 'http://b.example']}", nil),
            ("exit: {threshold: [0.9, 0.8]}", nil),
            ("log: {access_exclude: [/livez, /metrics]}", nil),
            ("log: {access_exclude: []}", nil),
            ("model: {pack_cache: /var/cache/shoal}", nil),
            ("model: {pack_cache: besides}", "model.pack_cache from"),
            ("exit: {threshold: 1.5}", "exit.threshold from"),
            ("exit: {threshold: [.nan]}", "exit.threshold from"),
            ("exit: {threshold: 1e999}", "exit.threshold from"),
            ("log: {access_exclude: [/nowhere]}", "log.access_exclude from"),
            ("model: {path: [a, b]}", "model.path from"),
            ("model: {path: {a: b}}", "model.path from"),
            ("cors: {origins: [[a]]}", "cors.origins from"),
            ("cors: {origins: [{a: b}]}", "cors.origins from"),
            ("cors: {origins: ['https://a.example,http://b.example']}", "cors.origins from"),
            ("model: {path: \"a\\0b\"}", "model.path from"),
            ("model: {path: ''}", "model.path from"),
            ("server: {listen: {port: 99999999999999999999999999}}", "server.listen.port from"),
            ("limits: {timeout: 1e999s}", "limits.timeout from"),
            ("http: {max_body: 99999999999999999999MiB}", "http.max_body from"),
            ("http: {max_body: 9223372036854775807KiB}", "http.max_body from"),
            ("limits: 3", "limits"), ("? [a]\n: b", "unknown key"), ("- a", "keys and values"),
            ("a: b: c", "server.yaml"), ("server:\n\tlisten: 3", "server.yaml"),
            ("log: {level: info}\nlog: {level: info}", "server.yaml"), ("*a", "server.yaml"),
            ("extends: [a]", "extends"), ("extends: server.yaml", "no more than"), ("", nil),
            ("# nothing\n", nil), ("~", nil),
        ] as [(String, String?)])
    func shapes(_ text: String, _ fault: String?) throws {
        let failure = try self.fault(text)
        if let fault {
            #expect(try #require(failure).description.contains(fault))
            #expect(failure?.code == 78)
        } else {
            #expect(failure == nil)
        }
    }

    @Test("Anchors and aliases stand for what they name")
    func aliases() throws {
        #expect(try fault("http:\n  head_timeout: &t 5s\n  body_timeout: *t\n") == nil)
    }

    @Test("A file that grows beyond all measure when it is read is refused at once")
    func laughs() throws {
        var text = "a0: &a0 [x, x]\n"
        for level in 1..<64 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? *a63\n: x\n? *a62\n: x\n"
        let failure = try #require(try fault(text))
        #expect(failure.description.contains("no more than 16 aliases"))
        #expect(failure.code == 78)
    }

    @Test("A file nested beyond all measure is refused", arguments: ["[", "{a: ", "- ", "? "])
    func nesting(_ opening: String) throws {
        let text = String(repeating: opening, count: 100_000)
        #expect(try #require(try fault(text)).code == 78)
    }

    @Test("A file that is no text, too large, no file or not there is told by its path")
    func noText() throws {
        #expect(try #require(try fault([0x61, 0xFF])).description.contains("not UTF-8"))
        let large = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20 | 1)
        #expect(try #require(try fault(large)).code == 78)
        try directory.makePipe("pipe")
        #expect(try #require(fault(path: directory.path + "/pipe")).code == 66)
        #expect(try #require(fault(path: directory.path)).code == 66)
        #expect(try #require(fault(path: directory.path + "/none")).code == 66)
    }
}
