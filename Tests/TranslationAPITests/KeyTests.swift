import HTTPWire
import Telemetry
import TestSupport
import Testing
import TranslationAPI

/// Stands for SHA-256: the key itself, filled up to 32 bytes.
@Sendable private func digest(_ key: [UInt8]) -> [UInt8] {
    Array((key + Array(repeating: 0, count: 32)).prefix(32))
}

/// The line of a key in a file.
private func line(_ name: String, _ key: String, _ rest: String = "") -> String {
    let digits = digest(Array(key.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return "\(name) sha256=\(digits.joined()) \(rest)\n"
}

@Suite("Keys and their rates")
struct KeyTests {
    private static let body = #"{"text":"x"}"#

    private func server(_ lines: String, clock: TestClock = TestClock()) throws -> TestServer {
        let server = try TestServer { $0.clock = clock.api }
        server.api.replaceKeys(try APIKeys(lines, digest: digest))
        return server
    }

    @Test(
        "Work is done for those who bring a known key, in one of two fields",
        arguments: [
            ("Authorization: Bearer secret\r\n", 200), ("Authorization: bearer secret\r\n", 200),
            ("X-Api-Key: secret\r\n", 200), ("Authorization: Bearer other\r\n", 401),
            ("Authorization: BEARER   secret\r\n", 200),
            ("Authorization: Bearer \t secret\r\n", 200),
            ("Authorization: DeepL-Auth-Key secret\r\n", 200),
            ("Authorization: Bearer other\r\nX-Api-Key: secret\r\n", 200),
            ("Authorization: Basic other\r\nX-Api-Key: secret\r\n", 200),
            ("Authorization: Bearer secret\r\nX-Api-Key: other\r\n", 200),
            ("Authorization: Basic x\r\nAuthorization: Bearer secret\r\n", 200),
            ("Authorization: Bearer other\r\nX-Api-Key: other\r\n", 401),
            ("Authorization: Bearer\r\n", 401), ("Authorization: secret\r\n", 401),
            ("X-Api-Key: Secret\r\n", 401), ("X-Api-Key: secre\r\n", 401),
            ("X-Api-Key:\r\n", 401), ("Authorization: Basic secret\r\n", 401), ("", 401),
        ])
    func fields(_ entry: (fields: String, status: Int)) throws {
        let server = try server("# ours\n\n" + line("reader", "secret", "# a reader"))
        let response = try server.translate(Self.body, fields: entry.fields)
        #expect(response.status == entry.status)
        #expect((response["www-authenticate"] != nil) == (entry.status == 401))
        for path in ["/tokenize", "/detokenize"] {
            let body = path == "/tokenize" ? Self.body : #"{"ids":"#
            let status = try server.post(path, body, fields: entry.fields).status
            #expect((status == 401) == (entry.status == 401))
        }
        server.close()
    }

    @Test("A file of ten thousand keys is read, and one that is there twice is named with its line")
    func manyKeys() throws {
        let lines = (0..<10_000).map { line("holder\($0)", "key\($0)") }.joined()
        _ = try APIKeys(lines, digest: digest)
        let error = #expect(throws: APIKeysError.self) {
            try APIKeys(lines + line("another", "key7777"), digest: digest)
        }
        #expect(error?.line == 10_001)
        #expect(error?.detail.contains("holder7777") == true)
    }

    @Test("A body in LibreTranslate's shape may bring its key itself, and is refused with 403")
    func bodies() throws {
        let server = try server(line("reader", "secret"))
        let form = "application/x-www-form-urlencoded"
        let known = try server.translate(#"{"q":"x","target":"en","api_key":"secret"}"#)
        #expect(known.status == 200)
        let unknown = try server.translate(#"{"q":"x","target":"en","api_key":"other"}"#)
        #expect(unknown.status == 403)
        #expect(try server.translate(#"{"q":"x","target":"en"}"#).status == 403)
        #expect(try server.translate(#"{"text":"x","api_key":"secret"}"#).status == 401)
        #expect(
            try server.post("/translate", "q=x&target=en&api_key=secret", type: form).status == 200)
        server.close()
    }

    @Test("A key in a body counts beside one that is for somebody else")
    func bodyBesideField() throws {
        let server = try server(line("reader", "secret"))
        let body = #"{"q":"x","target":"en","api_key":"secret"}"#
        for field in ["Authorization: Bearer other", "Authorization: Basic x", "X-Api-Key: other"] {
            #expect(try server.translate(body, fields: field + "\r\n").status == 200)
        }
        server.close()
    }

    @Test("The empty text is no key, neither in a file nor in a request")
    func empty() throws {
        let error = #expect(throws: APIKeysError.self) {
            try APIKeys("# first\n" + line("all", ""), digest: digest)
        }
        #expect(error?.line == 2)
        #expect(error?.detail.contains("empty") == true)
        // A digest for which the empty text and the key are one.
        let server = try TestServer()
        server.api.replaceKeys(
            try APIKeys(line("a", "a")) { $0.isEmpty ? [1] : digest(Array("a".utf8)) })
        let bodies = [Self.body, #"{"q":"x","target":"en","api_key":""}"#]
        for (body, field) in zip(bodies, ["X-Api-Key:", "Authorization: Bearer "]) {
            let status = try server.translate(body, fields: field + "\r\n").status
            #expect(status == 401 || status == 403)
        }
        server.close()
    }

    @Test(
        "Probes, metrics and descriptions are open to all",
        arguments: [
            "/livez", "/readyz", "/startupz", "/metrics", "/models", "/languages", "/openapi.yaml",
        ])
    func open(_ path: String) throws {
        let server = try server(line("reader", "secret"))
        #expect(try server.ask("GET", path).status == 200)
        server.close()
    }

    @Test("A key that is used up is told when to come again, and may then")
    func rates() throws {
        let clock = TestClock()
        let server = try server(
            line("slow", "a", "rate=6/m burst=2") + line("fast", "b"), clock: clock)
        func status(_ key: String) throws -> (Int, String?) {
            let response = try server.translate(Self.body, fields: "X-Api-Key: \(key)\r\n")
            return (response.status, response["retry-after"])
        }
        #expect(try status("a") == (200, nil))
        #expect(try status("a") == (200, nil))
        #expect(try status("a") == (429, "10"))
        clock.advance(by: 4)
        #expect(try status("a") == (429, "6"))
        #expect(try status("b") == (200, nil))
        clock.advance(by: 6)
        #expect(try status("a") == (200, nil))
        #expect(try status("a") == (429, "10"))
        clock.advance(by: 3600)
        #expect(try [status("a").0, status("a").0, status("a").0] == [200, 200, 429])
        #expect(try server.translate(Self.body, fields: "X-Api-Key: ?\r\n").status == 401)
        let metrics = try server.ask("GET", "/metrics").text
        #expect(metrics.contains("shoal_rejected_requests_total{reason=\"rate_limited\"} 4\n"))
        #expect(metrics.contains("shoal_rejected_requests_total{reason=\"unauthorized\"} 1\n"))
        #expect(metrics.contains("shoal_rejected_requests_total{reason=\"overloaded\"} 0\n"))
        server.close()
    }

    @Test(
        "New keys hold at once, a limit that stays keeps what is left of it, and none opens the server"
    )
    func replaced() throws {
        let server = try server(line("a", "a", "rate=1/h") + line("b", "b"))
        func status(_ key: String) throws -> Int {
            try server.translate(Self.body, fields: "X-Api-Key: \(key)\r\n").status
        }
        #expect(try status("a") == 200)
        server.api.replaceKeys(
            try APIKeys(line("a", "new", "rate=1/h") + line("c", "c"), digest: digest))
        #expect(
            try [status("a"), status("b"), status("c"), status("new")] == [401, 401, 200, 429])
        server.api.replaceKeys(try APIKeys(line("a", "new", "rate=2/h"), digest: digest))
        #expect(try status("new") == 200)
        server.api.replaceKeys(nil)
        #expect(try server.translate(Self.body).status == 200)
        server.close()
    }

    @Test(
        "A file that cannot be read whole is refused with the line that is at fault",
        arguments: [
            ("", 1), ("# nothing\n\n", 3), ("reader\n", 1), ("sha256=00\n", 1),
            ("reader sha256=00\n", 1), (line("a", "a") + "b sha256=xy\n", 2),
            (line("a", "a") + line("a", "b"), 2), (line("a", "a") + line("b", "a"), 2),
            (line("a", "a", "rate=60"), 1), (line("a", "a", "rate=0/m"), 1),
            (line("a", "a", "rate=5/d"), 1), (line("a", "a", "rate=-5/m"), 1),
            (line("a", "a", "burst=5"), 1), (line("a", "a", "rate=5/m burst=0"), 1),
            (line("a", "a", "rate=5/m rate=6/m"), 1), (line("a", "a", "role=root"), 1),
            (line("a", "a", "max_risk=1"), 1), (line("a", "a", "max_risk=nan"), 1),
            (line("a", "a", "max_risk=-0.1"), 1),
        ])
    func malformed(_ entry: (text: String, line: Int)) throws {
        let error = #expect(throws: APIKeysError.self) { try APIKeys(entry.text, digest: digest) }
        #expect(error?.line == entry.line)
        #expect(error?.description.hasPrefix("line \(entry.line): ") == true)
    }
}
