import Checkpoint
import Configuration
import Tensor
import TestSupport
import Testing

@Suite("Models with settings of their own", .timeLimit(.minutes(10)))
struct ModelSettingsTests {
    private func load(
        _ text: String, environment: [String: String] = [:]
    ) throws -> SettingsLoader {
        let directory = try TemporaryDirectory()
        try directory.write(Array(text.utf8), to: "server.yaml")
        var line = SettingsLoader.CommandLine()
        line.configurationPath = directory.path + "/server.yaml"
        return try SettingsLoader(line, environment: environment)
    }

    private static let text = """
        models:
          - path: models/tatoeba-de-en
            id: german
            precision: int8
            policy: confidence
            pinned: true
          - {path: "other: one", source_lang: pt, target_lang: en}
        model:
          max_memory: 64MiB
          load: first_use
          while_loading: refuse
        """

    @Test("They are read from a file, and the same from the environment and from what is printed")
    func reading() throws {
        let loader = try load(Self.text)
        let models = loader.settings.models
        #expect(models.map(\.path) == ["models/tatoeba-de-en", "other: one"])
        #expect(models[0].id == "german")
        #expect(models[0].precision == .int8)
        #expect(models[0].policy == .confidence)
        #expect(models.map(\.isPinned) == [true, false])
        #expect(models[1].sourceLanguage == "pt")
        #expect(models[1].targetLanguage == "en")
        #expect(loader.settings.modelMemory == 64 << 20)
        #expect(loader.settings.modelLoading == .firstUse)
        #expect(loader.settings.whileLoading == .refuse)
        let again = try load(loader.text)
        #expect(again.settings.models == models)
        let environment = ["SHOAL_MODELS": "[{path: a, id: b}]"]
        #expect(try load("", environment: environment).settings.models.map(\.id) == ["b"])
        #expect(try load("models:\n").settings.models == [])
    }

    @Test(
        "What is wrong is told with its place and what would be right",
        arguments: [
            ("models: 3", "no list"), ("models: [3]", "[0] has no keys and values"),
            ("models: [{id: x}]", "[0] needs path"),
            (
                "models: [{path: a}, {path: b, precision: int4}]",
                "[1].precision must be float32, int8"
            ),
            ("models: [{path: a, pairs: de-en}]", "the key pairs, which is none of id, path"),
            ("models: [{path: a, id: b/c}]", "[0].id must be a name"),
            ("models: [{path: a, pinned: maybe}]", "[0].pinned must be true or false"),
            ("models: [{path: a, policy: fixed}]", "[0].policy must be full"),
            ("models: [{path: a, source_lang: '??'}]", "[0].source_lang must be a language tag"),
            ("models: [{path: [a]}]", "[0].path must be a directory"),
        ])
    func faults(_ entry: (text: String, fault: String)) {
        let failure = #expect(throws: Failure.self) { try load(entry.text) }
        #expect(failure?.code == 78)
        let description = failure.map { "\($0)" } ?? ""
        #expect(description.contains(entry.fault), "\(description)")
        #expect(description.contains("models from file"), "\(description)")
    }
}
