import Foundation
import JSON
import TestSupport
import Testing

/// What a run of the tool came to.
private struct Run {
    let status: Int32
    let output: String
    let error: String

    /// Runs `shoal`, which is built beside the tests.
    init(_ arguments: String..., environment: [String: String] = [:]) throws {
        let process = Process()
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("shoal")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: Repository.path(""))
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.output = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.error = String(
            decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }

    /// Values of --print-config without where they come from.
    var values: [Substring] {
        output.split(separator: "\n").map { $0.split(separator: "#")[0] }
    }
}

@Suite("The tool, as people run it")
struct ToolTests {
    private let model = "models/multi30k-de-en"

    @Test("config/server.yaml holds every default")
    func fileHoldsDefaults() throws {
        let file = try Run("serve", "--config", "config/server.yaml", "--print-config")
        #expect(file.status == 0)
        #expect(try file.values == Run("serve", "--print-config").values)
    }

    @Test("A flag wins over the environment, and the environment over the file")
    func precedence() throws {
        let both = try Run(
            "serve", "--config", "config/server.yaml", "--port", "9001", "--print-config",
            environment: ["SHOAL_SERVER_LISTEN_PORT": "9002", "SHOAL_LIMITS_MAX_BEAM": "4"])
        #expect(both.output.contains("server.listen.port: 9001  # flag --port\n"))
        #expect(
            both.output.contains(
                "limits.max_beam: 4  # environment variable SHOAL_LIMITS_MAX_BEAM\n"))
    }

    @Test("What a Kubernetes service link injects is no setting of ours")
    func kubernetesNames() throws {
        let run = try Run(
            "serve", "--check-config",
            environment: ["SHOAL_PORT": "tcp://x", "SHOAL_SERVICE_HOST": "x"])
        #expect(run.status == 0)
    }

    @Test(
        "A setting that does not exist or does not fit ends with 78, a place and a suggestion",
        arguments: [
            (["--prot", "1"], [:], "did you mean --port"),
            (["--port", "70000"], [:], "server.listen.port from flag --port must be 0 to 65535"),
            ([], ["SHOAL_LIMITS_MAX_BEEM": "2"], "did you mean SHOAL_LIMITS_MAX_BEAM"),
            ([], ["SHOAL_LIMITS_TIMEOUT": "5"], "must be 1ms to 3600s; given 5"),
            (["--compute-precision", "int4"], [:], "must be float32"),
        ] as [([String], [String: String], String)])
    func badSettings(_ entry: (flags: [String], environment: [String: String], text: String)) throws
    {
        let line = ["serve", "--check-config"] + entry.flags
        let run =
            try line.count == 2
            ? Run(line[0], line[1], environment: entry.environment)
            : Run(line[0], line[1], line[2], line[3], environment: entry.environment)
        #expect(run.status == 78)
        #expect(run.error.contains(entry.text))
    }

    @Test("An unknown key of the file is named with its line")
    func unknownKey() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("limits:\n  max_beems: 3\n".utf8), to: "server.yaml")
        let run = try Run("serve", "--check-config", "--config", directory.path + "/server.yaml")
        #expect(run.status == 78)
        #expect(run.error.contains("line 2: limits.max_beems; did you mean limits.max_beam"))
    }

    @Test("translate gives the golden translation, and its JSON the golden tokens")
    func translates() throws {
        let golden = try Golden("own.json").cases[0].sentences[0]
        let text = try Run("translate", "--model", model, "--policy", "full", golden.text)
        #expect(text.output == golden.translation + "\n")
        let json = try Run("translate", "--model", model, "--policy", "full", "--json", golden.text)
        let object = try #require(JSON.parse(Array(json.output.utf8)).objectValue)
        let ids = object["tokens"]?.arrayValue?.compactMap { $0.objectValue?["id"]?.integerValue }
        #expect(ids?.map { Int($0) } == golden.targetIDs)
    }

    @Test("evaluate counts a translation against itself as 100 BLEU")
    func evaluates() throws {
        let directory = try TemporaryDirectory()
        let sentences = try Golden("own.json").cases[0].sentences.prefix(5)
        func write(_ lines: [String], _ name: String) throws {
            try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: name)
        }
        try write(sentences.map(\.text), "source")
        try write(sentences.map(\.translation), "reference")
        let run = try Run(
            "evaluate", "--model", model, "--policy", "full", "--json",
            directory.path + "/source", directory.path + "/reference")
        let object = try #require(JSON.parse(Array(run.output.utf8)).objectValue)
        #expect(abs((object["bleu"]?.doubleValue ?? 0) - 100) < 1e-9)
        try write(["one line"], "reference")
        let unequal = try Run(
            "evaluate", "--model", model, directory.path + "/source", directory.path + "/reference")
        #expect(unequal.status == 65)
        #expect(unequal.error.contains("5 lines"))
    }

    @Test("A directory that is no checkpoint ends with 65 and what is missing")
    func noCheckpoint() throws {
        let run = try Run("inspect", "--model", "docs")
        #expect(run.status == 65)
        #expect(run.error.contains("config.json"))
    }

    @Test(
        "Every command has help with an example",
        arguments: [
            "serve", "translate", "evaluate", "inspect", "bench", "health",
        ])
    func help(_ command: String) throws {
        let run = try Run("help", command)
        #expect(run.status == 0)
        #expect(run.output.contains("shoal \(command) "))
    }
}
