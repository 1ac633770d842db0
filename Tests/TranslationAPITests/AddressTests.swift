import HTTPTypes
import HTTPWire
import JSON
import TestSupport
import Testing
import TranslationAPI

@Suite("Addresses of clients, their rates, and what proxies say", .timeLimit(.minutes(10)))
struct AddressTests {
    private func ask(
        _ server: TestServer, from peer: String, forwarded: String? = nil,
        path: String = "/translate", body: String = "{", fields: HTTPFields = [:]
    ) throws -> Recorder {
        var fields = fields
        fields[try #require(HTTPField.Name("X-Forwarded-For"))] = forwarded
        let recorder = Recorder()
        server.api.handle(
            ServerRequest(
                method: path == "/" || path.hasPrefix("/docs") ? "GET" : "POST", target: path,
                path: path, fields: fields, body: Array(body.utf8), peerAddress: peer), recorder)
        return recorder
    }

    private func server(
        _ rate: String, proxies: String = "", clock: TestClock = TestClock()
    ) throws -> TestServer {
        let proxies = try #require(AddressRange.list(proxies))
        return try TestServer(loaded: false) {
            $0.addressLimit = RateLimit(rate)
            $0.trustedProxies = proxies
            $0.clock = clock.api
        }
    }

    @Test(
        "Each address has its rate, on every route that does work, and is told when to come again")
    func rates() throws {
        let clock = TestClock()
        let server = try server("2/m", clock: clock)
        func status(_ peer: String, _ path: String = "/translate") throws -> Int {
            try ask(server, from: peer, path: path).finished.status
        }
        #expect(try [status("192.0.2.1"), status("192.0.2.1", "/tokenize")] == [400, 400])
        let refused = try ask(server, from: "192.0.2.1", path: "/detokenize")
        #expect(refused.finished.status == 429)
        #expect(refused.finished.fields[.retryAfter] == "30")
        #expect(refused.text.contains("\"code\":\"rate_limited\""))
        #expect(!refused.text.contains("192.0.2.1"))
        #expect(try status("192.0.2.2") == 400)
        clock.advance(by: 30)
        #expect(try [status("192.0.2.1"), status("192.0.2.1")] == [400, 429])
        // By a Unix socket there is no address.
        for _ in 0..<4 { #expect(try status("") == 400) }
        let metrics = try server.ask("GET", "/metrics").text
        #expect(metrics.contains("shoal_rejected_requests_total{reason=\"rate_limited\"} 2\n"))
        server.close()
    }

    @Test("A network of IPv6 is one client, and IPv4 inside IPv6 is IPv4")
    func networks() throws {
        let server = try server("1/h")
        func status(_ peer: String) throws -> Int { try ask(server, from: peer).finished.status }
        #expect(try status("2001:db8:0:1::1") == 400)
        #expect(try status("2001:db8:0:1:ffff::2") == 429)
        #expect(try status("2001:db8:0:2::1") == 400)
        #expect(try status("::ffff:192.0.2.1") == 400)
        #expect(try status("192.0.2.1") == 429)
        server.close()
    }

    @Test(
        "X-Forwarded-For counts from proxies that are believed, from its end to the first stranger")
    func forwarded() throws {
        let server = try server("1/h", proxies: "10.0.0.0/8, ::1, unix")
        func status(_ peer: String, _ forwarded: String?) throws -> Int {
            try ask(server, from: peer, forwarded: forwarded).finished.status
        }
        #expect(try status("192.0.2.9", "192.0.2.1") == 400)
        // The field of a stranger is not read.
        #expect(try status("192.0.2.9", "192.0.2.2") == 429)
        #expect(try status("10.1.1.1", "192.0.2.3") == 400)
        #expect(try status("10.1.1.2", "192.0.2.4, 192.0.2.3") == 429)
        #expect(try status("::1", "192.0.2.3, 10.2.2.2") == 429)
        #expect(try status("::1", "192.0.2.4:1234,10.2.2.2 ") == 400)
        #expect(try status("", "[2001:db8::1]:80") == 400)
        #expect(try status("", "2001:db8::1") == 429)
        // Where nothing more can be read, the last address that could counts.
        #expect(try status("10.9.9.9", "unknown, 10.3.3.3") == 400)
        #expect(try status("10.9.9.8", "_hidden, 10.3.3.3") == 429)
        #expect(try status("10.4.4.4", nil) == 400)
        #expect(try status("10.4.4.4", "") == 429)
        server.close()
    }

    @Test("Keys take the place of addresses where they are asked for")
    func keys() throws {
        let server = try server("1/h")
        let line = "reader sha256=\(String(repeating: "61", count: 32))\n"
        server.api.replaceKeys(
            try APIKeys(line) { [UInt8](repeating: $0.first ?? 0, count: 32) })
        for _ in 0..<3 {
            let fields: HTTPFields = [.authorization: "Bearer a"]
            let answer = try ask(server, from: "192.0.2.1", fields: fields)
            #expect(answer.finished.status == 400)
        }
        server.close()
    }

    @Test("No more addresses are remembered than there is room for")
    func bounded() throws {
        let server = try server("1/h")
        func status(_ number: Int) throws -> Int {
            let peer = "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"
            return try ask(server, from: peer).finished.status
        }
        #expect(try [status(0), status(0)] == [400, 429])
        for number in 1...1 << 14 { _ = try status(number) }
        #expect(try [status(1 << 14), status(0)] == [429, 400])
        server.close()
    }

    @Test(
        "Ranges are addresses and blocks without bits behind their prefix",
        arguments: [
            ("", true), ("unix", true), ("10.0.0.0/8,::1", true), (" 192.0.2.1 , fe80::/10 ", true),
            ("0.0.0.0/0", true), ("::/0", true), ("10.0.0.1/8", false), ("10.0.0.0/33", false),
            ("10.0.0.0/", false), ("10.0.0.0/8/8", false), ("10.0.0", false), ("*", false),
            ("localhost", false), ("fe80::1/10", false), ("10.0.0.0/-1", false), ("::1%lo", false),
        ])
    func ranges(_ entry: (text: String, isList: Bool)) {
        #expect((AddressRange.list(entry.text) != nil) == entry.isList)
    }

    @Test(
        "A page is told the path that a believed proxy serves it below, and no other",
        arguments: [
            ("10.0.0.1", "/mt", "/mt"), ("10.0.0.1", "/mt/", "/mt"), ("10.0.0.1", "/a/b", "/a/b"),
            ("10.0.0.1", "//evil.example", "/evil.example"), ("10.0.0.1", "/a\"><b", ""),
            ("10.0.0.1", "https://evil.example", ""), ("10.0.0.1", "/../x", ""),
            ("10.0.0.1", "/", ""), ("192.0.2.1", "/mt", ""),
        ])
    func prefixes(_ entry: (peer: String, value: String, prefix: String)) throws {
        let page = "<!doctype html><meta name=\"prefix\" content=\"\">"
        let server = try TestServer(loaded: false) {
            $0.home = .page(Array(page.utf8), policy: "x")
            $0.reference = .page(Array(page.utf8), policy: "x")
            $0.trustedProxies = AddressRange.list("10.0.0.0/8") ?? []
        }
        let name = try #require(HTTPField.Name("X-Forwarded-Prefix"))
        for path in ["/", "/docs", "/"] {
            let answer = try ask(server, from: entry.peer, path: path, fields: [name: entry.value])
            #expect(answer.finished.status == 200)
            #expect(answer.text.hasSuffix("content=\"\(entry.prefix)\">"))
        }
        let moved = try ask(server, from: entry.peer, path: "/docs/", fields: [name: entry.value])
        #expect(moved.finished.status == 308)
        let target = entry.prefix.isEmpty ? "../docs" : entry.prefix + "/docs"
        #expect(moved.finished.fields[.location] == target)
        server.close()
    }

    @Test("Metrics need their token where there is one, and it may be changed")
    func metricsToken() throws {
        let server = try TestServer(loaded: false)
        func status(_ field: String) throws -> Int {
            try server.ask("GET", "/metrics", fields: field).status
        }
        #expect(try status("") == 200)
        server.api.replaceMetricsToken(AccessToken(" secret\n"))
        #expect(try status("") == 401)
        #expect(try status("Authorization: Bearer other\r\n") == 401)
        #expect(try status("Authorization: Bearer secret\r\n") == 200)
        #expect(try server.ask("GET", "/livez").status == 200)
        server.api.replaceMetricsToken(nil)
        #expect(try status("") == 200)
        for text in ["", " \n", "a b", "a\nb"] { #expect(AccessToken(text) == nil) }
        server.close()
    }
}
