import HTTPWire
import JSON
import System
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

/// Stands for SHA-256: the key itself, filled up to 32 bytes.
@Sendable private func digest(_ key: [UInt8]) -> [UInt8] {
    Array((key + Array(repeating: 0, count: 32)).prefix(32))
}

@Suite("Models that are loaded and let go of by request", .timeLimit(.minutes(10)))
struct ModelRouteTests {
    private static let path = "/models/small"
    private static let admin = "X-Api-Key: root\r\n"

    private let server: TestServer
    /// Names that were to be read anew, and what is answered.
    private let reloads: Lock<(names: [String], result: Bool)> = Lock(([], true))

    /// A server of a small model on disk and a pinned one in memory.
    init() throws {
        let reloads = reloads
        server = try TestServer(loaded: false) { settings in
            settings.reloadModel = { name, completion in
                completion(
                    reloads.withLock { reloads in
                        reloads.names.append(name)
                        return reloads.result
                    })
            }
        }
        var small = ServedModel.Options()
        small.id = "small"
        small.loads = { _ in false }
        var pinned = ServedModel.Options()
        pinned.id = "pinned"
        pinned.isPinned = true
        let catalog = ModelCatalog([
            try ServedModel(
                directory: Repository.path("Tests/Golden/variants/untied-projection"), small),
            try ServedModel(directory: Repository.path("Tests/Golden/marian/ssru"), pinned),
        ])
        server.api.enter(
            .serving(
                try TranslationService(
                    catalog: catalog, configuration: TranslationService.Configuration(),
                    metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))))
        func line(_ name: String, _ key: String, _ rest: String = "") -> String {
            let digits = digest(Array(key.utf8)).map {
                ($0 < 16 ? "0" : "") + String($0, radix: 16)
            }
            return "\(name) sha256=\(digits.joined()) \(rest)\n"
        }
        server.api.replaceKeys(
            try APIKeys(
                line("reader", "secret") + line("root", "root", "role=admin"), digest: digest))
    }

    private func change(_ action: String, _ path: String = path, _ fields: String = admin) throws
        -> LoopbackClient.Response
    {
        try server.post(path, #"{"action": "\#(action)"}"#, fields: fields)
    }

    @Test("A model is on disk until it is loaded, leaves again, and each answer says where it is")
    func loading() throws {
        defer { server.close() }
        func description() throws -> (state: String?, bytes: Double?) {
            let model = try json(try server.ask("GET", Self.path))
            return (model["state"]?.stringValue, model["memory_bytes"]?.doubleValue)
        }
        #expect(try description() == ("unloaded", 0))
        let loaded = try json(try change("load"))
        #expect(loaded["state"]?.stringValue == "ready")
        #expect(try #require(loaded["memory_bytes"]?.doubleValue) > 10_000)
        #expect(loaded["pinned"]?.boolValue == false)
        let left = try json(try change("unload"))
        #expect(["unloaded", "ready"].contains(left["state"]?.stringValue))
        let answer = try server.translate(
            #"{"text": "Ein Mann.", "model": "small"}"#, fields: "X-Api-Key: secret\r\n")
        #expect(answer.status == 200)
    }

    @Test("A model is read anew by its name, and what cannot be read is told")
    func reloading() throws {
        defer { server.close() }
        #expect(try change("reload").status == 200)
        #expect(reloads.withLock { $0.names } == ["small"])
        reloads.withLock { $0.result = false }
        let failed = try change("reload")
        #expect(failed.status == 503)
        #expect(try json(failed)["code"]?.stringValue == "model_unavailable")
        #expect(failed["retry-after"] != nil)
    }

    @Test(
        "Whoever is no operator, and whatever is no such change, is refused with what would be right",
        arguments: [
            ("load", path, "", 401, "unauthorized"),
            ("load", path, "X-Api-Key: other\r\n", 401, "unauthorized"),
            ("load", path, "X-Api-Key: secret\r\n", 403, "forbidden"),
            ("fly", path, admin, 422, "out_of_range"),
            ("load", "/models/none", admin, 404, "model_not_found"),
            ("unload", "/models/pinned", admin, 409, "conflict"),
        ])
    func refusals(
        _ entry: (action: String, path: String, fields: String, status: Int, code: String)
    )
        throws
    {
        defer { server.close() }
        let response = try change(entry.action, entry.path, entry.fields)
        #expect(response.status == entry.status)
        #expect(try json(response)["code"]?.stringValue == entry.code)
        #expect(try server.post(Self.path, "{}", fields: Self.admin).status == 400)
    }

    @Test("Without keys nobody is an operator")
    func withoutKeys() throws {
        defer { server.close() }
        server.api.replaceKeys(nil)
        let response = try change("load")
        #expect(response.status == 403)
        #expect(String(decoding: response.body, as: UTF8.self).contains("role=admin"))
    }

    @Test("A role that does not exist is a fault of the file of keys")
    func roles() {
        let digits = String(repeating: "ab", count: 32)
        let error = #expect(throws: APIKeysError.self) {
            try APIKeys("a sha256=\(digits) role=root\n", digest: digest)
        }
        #expect(error?.detail.contains("role= must be admin") == true)
    }
}
