import Foundation
import JSON
import TestSupport
import Testing

@Suite("A server of several models within a bound", .timeLimit(.minutes(10)))
struct HostedModelTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func copy(_ model: String, as name: String) throws {
        try FileManager.default.copyItem(
            atPath: Repository.path(model), toPath: directory.path + "/" + name)
    }

    private func models(_ server: ServerRun) throws -> [String: JSONObject] {
        let answer = try server.ask("GET /models HTTP/1.1")
        let list = try #require(JSON.parse(answer.body).objectValue?["models"]?.arrayValue)
        return Dictionary(
            uniqueKeysWithValues: list.compactMap(\.objectValue).compactMap { model in
                model["id"]?.stringValue.map { ($0, model) }
            })
    }

    private func translate(_ model: String, _ server: ServerRun) throws -> Int {
        try server.ask(
            "POST /translate HTTP/1.1", body: #"{"text": "Ein Mann.", "model": "\#(model)"}"#
        ).status
    }

    @Test(
        "Each has its name, precision and policy; all are served though memory holds two of three")
    func bounded() throws {
        try copy("Tests/Golden/variants/untied-projection", as: "first")
        try copy("Tests/Golden/variants/swish-tied-unigram", as: "second")
        try copy("Tests/Golden/marian/ssru", as: "third")
        let file = """
            models:
              - {path: \(directory.path)/first, id: one, precision: int8, policy: full, pinned: true}
              - {path: \(directory.path)/second, id: two}
              - {path: \(directory.path)/third, id: three}
            model: {max_memory: 1MiB}
            """
        try directory.write(Array(file.utf8), to: "server.yaml")
        let server = try ServerRun(["--config", directory.path + "/server.yaml"])
        #expect(server.waitForLog("three is ready"))
        let known = try models(server)
        #expect(known.keys.sorted() == ["one", "three", "two"])
        #expect(known["one"]?["precision"]?.stringValue == "int8")
        #expect(known["one"]?["pinned"]?.boolValue == true)
        #expect(known["two"]?["precision"]?.stringValue == "float32")
        for model in ["two", "three", "one", "two", "three", "two", "one"] {
            #expect(try translate(model, server) == 200)
        }
        let metrics = try server.ask("GET /metrics HTTP/1.1").text
        #expect(metrics.contains(#"shoal_model_unloads_total{model="one"} 0"#))
        #expect(metrics.contains("shoal_models_memory_limit_bytes 1048576"))
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("A pinned model without room ends the start, and says what it needs")
    func noRoom() throws {
        try copy("Tests/Golden/variants/untied-projection", as: "first")
        let run = try Run(
            "serve", "--port", "0", "--check-config", "--model-max-memory", "64KiB", "--model-list",
            "[{path: \(directory.path)/first, pinned: true}]")
        #expect(run.status == 78, "\(run.error)")
        #expect(run.error.contains("first is pinned"))
    }

    @Test(
        "A signal reads what has changed and leaves the rest as it is; new folders join, others go")
    func reload() throws {
        try directory.makeDirectory("models")
        try copy("Tests/Golden/variants/untied-projection", as: "models/kept")
        try copy("Tests/Golden/variants/swish-tied-unigram", as: "models/changed")
        try copy("Tests/Golden/marian/ssru", as: "models/gone")
        let server = try ServerRun([
            "--models", directory.path + "/models", "--reload-watch-interval", "0s",
        ])
        #expect(server.waitForLog("kept is ready"))
        let before = try models(server)
        #expect(before.keys.sorted() == ["changed", "gone", "kept"])
        try FileManager.default.removeItem(atPath: directory.path + "/models/gone")
        try copy("Tests/Golden/marian/opus", as: "models/new")
        try directory.write(
            Array(#"{"version": 1, "default_policy": "confidence"}"#.utf8),
            to: "models/changed/exits.json")
        server.send(SIGHUP)
        #expect(server.waitForLog("read the model again"))
        #expect(server.log.contains { $0.contains("kept is ready, unchanged") })
        #expect(!server.log.contains { $0.contains("changed is ready, unchanged") })
        let after = try models(server)
        #expect(after.keys.sorted() == ["changed", "kept", "new"])
        #expect(after["kept"]?["checksum"]?.stringValue == before["kept"]?["checksum"]?.stringValue)
        #expect(after["changed"]?["default_policy"]?.stringValue == "confidence")
        for model in ["kept", "changed", "new"] { #expect(try translate(model, server) == 200) }
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("An operator reads one model anew, has it leave and come back, while it is served")
    func operatorActions() throws {
        try copy("Tests/Golden/variants/untied-projection", as: "first")
        let run = try Run("generate-key", "root", "--admin")
        #expect(run.output.contains("role=admin"))
        try directory.write(Array(run.output.utf8), to: "keys")
        let key = String(run.error.trimmingPrefix("key: ").prefix { $0 != "\n" })
        let server = try ServerRun([
            "--model", directory.path + "/first", "--auth-keys-file", directory.path + "/keys",
        ])
        #expect(server.waitForLog("first is ready"))
        func change(_ action: String) throws -> Int {
            try server.ask(
                "POST /models/first HTTP/1.1\r\nX-Api-Key: \(key)\r\nContent-Type: application/json",
                body: #"{"action": "\#(action)"}"#
            ).status
        }
        func translated() throws -> Int {
            try server.ask(
                "POST /translate HTTP/1.1\r\nX-Api-Key: \(key)", body: #"{"text": "Ein Mann."}"#
            ).status
        }
        for action in ["unload", "load", "reload", "unload", "reload"] {
            #expect(try change(action) == 200, "\(action)")
            #expect(try translated() == 200)
        }
        #expect(server.waitForLog("first is ready"))
        try directory.write(Array("{".utf8), to: "first/config.json")
        #expect(try change("reload") == 503)
        #expect(try translated() == 200)
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }
}
