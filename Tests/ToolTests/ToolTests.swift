import Glibc
import JSON
import TestSupport
import Testing

@Suite("The tool, as people run it", .timeLimit(.minutes(10)))
struct ToolTests {
    private let model = "models/multi30k-de-en"

    @Test("config/server.yaml holds every default")
    func fileHoldsDefaults() throws {
        let file = try Run("serve", "--config", "config/server.yaml", "--print-config")
        #expect(file.status == 0)
        #expect(try file.values == Run("serve", "--print-config").values)
        // What the file leaves out would have its default all the same.
        let missing = file.output.split(separator: "\n").filter { $0.hasSuffix("# default") }
        let ofTheMachine = ["compute.workers", "compute.threads"]
        #expect(missing.map { String($0.prefix { $0 != ":" }) } == ofTheMachine)
    }

    @Test("docs/configuration.md is what the code says")
    func referenceIsCurrent() throws {
        let document = try String(
            decoding: Repository.bytes("docs/configuration.md"), as: UTF8.self)
        #expect(try Run("serve", "--print-reference").output == document)
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
            (["--exit-confidence-candidates", "65"], [:], "must be 0 to 64; given 65"),
            (["--compute-precision", "int4"], [:], "must be float32, int8"),
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

    @Test("A directory that is no checkpoint ends with 65 and what is missing")
    func noCheckpoint() throws {
        let run = try Run("inspect", "--model", "docs")
        #expect(run.status == 65)
        #expect(run.error.contains("config.json"))
    }

    @Test(
        "Every command has help with an example",
        arguments: [
            "serve", "translate", "identify", "evaluate", "data", "train", "calibrate", "plot",
            "adapt", "align", "inspect", "import", "pack",
            "bench", "health", "generate-key",
        ])
    func help(_ command: String) throws {
        let run = try Run("help", command)
        #expect(run.status == 0)
        #expect(run.output.contains("shoal \(command) "))
        // What it names of the repository is there.
        let names = run.output.split { " \n<>(),".contains($0) }
            .filter { $0.hasPrefix("config/") || $0.hasPrefix("models/") }
        for name in names {
            #expect(access(Repository.path(String(name)), F_OK) == 0, "\(name)")
        }
    }

    @Test(
        "A command that does not exist ends with 64 and the nearest one",
        arguments: [
            (["translat"], "there is no command translat; did you mean translate?"),
            (["help", "nonsense"], "there is no command nonsense; there are serve, translate"),
            (["plot", "los"], "there is no command los; did you mean loss?"),
        ])
    func unknownCommand(arguments: [String], text: String) throws {
        let run = try Run(arguments)
        #expect(run.status == 64)
        #expect(run.error.contains(text))
    }

    @Test("identify prints a language and its probability for each text")
    func identifies() throws {
        let run = try Run("identify", "Ein kleiner Junge spielt mit seinem Hund im Garten.", "123")
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(lines.map { $0[0] } == ["de", "und"])
        #expect(lines[1][1] == "0.00")
        #expect(lines.allSatisfy { Double($0[1]).map { (0...1).contains($0) } == true })
        #expect(try Run("identify", "--list").output.contains("de\tGerman\n"))
    }

    @Test("inspect --json says what inspect says")
    func inspects() throws {
        let run = try Run("inspect", "--json", "--tensors")
        let object = try #require(try JSON.parse(Array(run.output.utf8)).objectValue)
        #expect(object["model"]?.stringValue == "tatoeba-de-en")
        #expect(object["decoder"]?.objectValue?["layers"]?.integerValue == 6)
        #expect(object["policies"]?.arrayValue?.count == 7)
        #expect(object["tensors"]?.arrayValue?.isEmpty == false)
        let text = try Run("inspect").output
        #expect(text.contains("model             tatoeba-de-en\n"))
    }
}
