import Foundation
import JSON
import TestSupport
import Testing

@Suite("Keys and documents of a server process", .timeLimit(.minutes(10)))
struct AccessTests {
    @Test(
        "A key that was generated opens a server whose file holds its line, and no other key does")
    func generatedKeys() throws {
        let runs = try (0..<2).map { try Run("generate-key", "holder\($0)", "--rate", "60/m") }
        let keys = runs.map { $0.error.trimmingPrefix("key: ").prefix { $0 != "\n" } }
        #expect(keys[0] != keys[1])
        #expect(!runs[0].output.contains(keys[0]))
        let directory = try TemporaryDirectory()
        try directory.write(Array(("# keys\n" + runs[0].output).utf8), to: "keys")
        let server = try ServerRun(["--auth-keys-file", directory.path + "/keys"])
        #expect(server.waitForLog("is ready"))
        func status(_ field: String) throws -> Int {
            try server.ask("POST /translate HTTP/1.1\(field)", body: #"{"text":"x"}"#).status
        }
        #expect(try status("\r\nAuthorization: Bearer \(keys[0])") == 200)
        #expect(try status("\r\nAuthorization: Bearer \(keys[1])") == 401)
        #expect(try status("") == 401)
    }

    @Test("A file of keys that is at fault ends with 78, the file and the line")
    func faultyFile() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("# keys\nreader\n".utf8), to: "keys")
        let run = try Run("serve", "--port", "0", "--auth-keys-file", directory.path + "/keys")
        #expect(run.status == 78)
        #expect(run.error.contains("auth.keys_file \(directory.path)/keys line 2: reader needs"))
    }

    @Test(
        "What could not be read back is not generated",
        arguments: [
            ["a=b"], ["a b"], ["#"], ["a", "--rate", "60"], ["a", "--burst", "5"],
            ["a", "--rate", "60/m", "--burst", "0"],
        ])
    func refusedKeys(_ arguments: [String]) throws {
        let run = try Run(["generate-key"] + arguments)
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
    }

    @Test("Pages can be left out, metrics can need a token, and addresses can have a rate")
    func closed() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("secret\n".utf8), to: "token")
        let server = try ServerRun([
            "--pages-enabled", "false", "--metrics-token-file", directory.path + "/token",
            "--limits-rate-per-address", "60/h", "--limits-burst-per-address", "2",
            "--http-trusted-proxies", "127.0.0.0/8",
        ])
        for path in ["/", "/docs", "/docs/"] {
            #expect(try server.ask("GET \(path) HTTP/1.1").status == 404)
        }
        #expect(try server.ask("GET /openapi.json HTTP/1.1").status == 200)
        #expect(try server.ask("GET /metrics HTTP/1.1").status == 401)
        let token = "\r\nAuthorization: Bearer secret"
        #expect(try server.ask("GET /metrics HTTP/1.1" + token).status == 200)
        func status(_ client: String) throws -> Int {
            let field = "\r\nX-Forwarded-For: \(client)"
            return try server.ask("POST /translate HTTP/1.1" + field, body: "{").status
        }
        #expect(try (0..<3).map { _ in try status("192.0.2.1") } == [400, 400, 429])
        #expect(try status("192.0.2.2") == 400)
        try directory.write(Array("two words\n".utf8), to: "broken")
        let run = try Run(
            "serve", "--port", "0", "--metrics-token-file", directory.path + "/broken")
        #expect(run.status == 78)
        #expect(
            run.error.contains("metrics.token_file \(directory.path)/broken must hold one token"))
    }

    @Test("The pages are served with what they may load")
    func pages() throws {
        let server = try ServerRun()
        for path in ["/", "/docs"] {
            let page = try server.ask("GET \(path) HTTP/1.1")
            #expect(page.status == 200)
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page["content-security-policy"]?.contains("default-src 'none'") == true)
        }
    }

    @Test("The document is served as YAML, as it is, and as JSON")
    func documents() throws {
        let server = try ServerRun()
        let yaml = try server.ask("GET /openapi.yaml HTTP/1.1")
        #expect(try yaml.body == Repository.bytes("openapi.yaml"))
        let json = try server.ask("GET /openapi.json HTTP/1.1")
        let root = try #require(JSON.parse(json.body).objectValue)
        #expect(root["openapi"] == .string("3.1.0"))
        let parameter = root["components"]?.objectValue?["schemas"]?.objectValue?[
            "TranslateRequest"]?
            .objectValue?["properties"]?.objectValue?["beam_size"]?.objectValue
        #expect(parameter?["maximum"] == .integer(8))
    }

    @Test("A server starts in any folder and serves its own document, not one that lies there")
    func foreignDocument() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("openapi: 3.1.0\n".utf8), to: "openapi.yaml")
        let server = try ServerRun(["--model", Repository.model], folder: directory.path)
        #expect(server.waitForLog("is ready"))
        let yaml = try server.ask("GET /openapi.yaml HTTP/1.1")
        #expect(try yaml.body == Repository.bytes("openapi.yaml"))
    }

    @Test(
        "Probes and metrics are in the access log once, unless it is told to leave out nothing")
    func excludedRoutes() throws {
        for (flags, hasProbes) in [([], false), (["--log-access-exclude", ""], true)] {
            let server = try ServerRun(["--log-access", "true"] + flags)
            #expect(server.waitForLog("is ready"))
            let routes = ["/livez", "/readyz", "/startupz", "/metrics"]
            for path in routes + routes + ["/health", "/models"] {
                #expect(try server.ask("GET \(path) HTTP/1.1").status == 200)
            }
            #expect(server.waitForLog("route=/models"))
            for route in routes {
                let count = server.log.count { $0.contains("route=\(route) ") }
                #expect(hasProbes ? count > 1 : count == 1)
            }
        }
    }
}
