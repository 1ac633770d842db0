import HTTPServer
import JSON
import TestSupport
import Testing
import TranslationAPI

@Suite("Pages of other origins")
struct CrossOriginTests {
    private static let preflight = "Access-Control-Request-Method: POST\r\n"

    @Test(
        "Answers may be read by the pages of the origins that are configured",
        arguments: [
            ("", "https://a.example", nil), ("*", "https://a.example", "*"),
            ("https://a.example, http://b:3000", "http://b:3000", "http://b:3000"),
            ("https://a.example", "https://b.example", nil), ("https://a.example", "null", nil),
        ] as [(String, String, String?)])
    func reading(_ entry: (origins: String, origin: String, allowed: String?)) throws {
        let origins = try #require(AllowedOrigins(entry.origins))
        let server = try TestServer { $0.origins = origins }
        let fields = "Origin: \(entry.origin)\r\n"
        for response in [
            try server.translate(#"{"text":"x"}"#, fields: fields),
            try server.translate(#"{"text":"x","stream":true}"#, fields: fields),
            try server.translate("{", fields: fields),
            try server.ask("GET", "/nothing", fields: fields),
            try server.ask("OPTIONS", "/translate", fields: fields + Self.preflight),
        ] {
            #expect(response["access-control-allow-origin"] == entry.allowed)
            #expect(response["access-control-allow-credentials"] == nil)
            #expect((response["access-control-expose-headers"] != nil) == (entry.allowed != nil))
            let isListed = entry.origins.contains("://")
            #expect((response["vary"]?.contains("Origin") ?? false) == isListed)
        }
        server.close()
    }

    /// Requests that HTTP itself forbids, each with its status; what precedes the blank line of the head is
    /// left open for more fields.
    private static let refused: [(start: String, end: String, status: Int)] = [
        ("POST /translate HTTP/1.1\r\nHost: x\r\n", "Content-Length: 9999999\r\n\r\n", 413),
        ("POST /translate HTTP/1.1\r\nHost: x\r\n", "Expect: tea\r\n\r\n", 417),
        (
            "POST /translate HTTP/1.1\r\nHost: x\r\n",
            "X-A: \(String(repeating: "a", count: 40_000))\r\n\r\n", 431
        ),
        (
            "POST /translate HTTP/1.1\r\nHost: x\r\n", "Transfer-Encoding: gzip, chunked\r\n\r\n",
            501
        ),
        ("POST /translate HTTP/1.1\r\n", "\r\n", 400),
        (
            "POST /translate HTTP/1.1\r\nHost: x\r\n", "Transfer-Encoding: chunked\r\n\r\nz\r\n",
            400
        ),
    ]

    @Test(
        "A request that HTTP itself forbids is answered with all that other answers carry",
        arguments: refused)
    func refusals(_ entry: (start: String, end: String, status: Int)) throws {
        for (origins, origin, allowed) in [
            ("*", "https://a.example", "*"), ("", "https://a.example", nil),
            ("https://a.example", "https://a.example", "https://a.example"),
            ("https://a.example", "https://b.example", nil),
        ] {
            let server = try TestServer(loaded: false) {
                $0.origins = AllowedOrigins(origins) ?? .none
            }
            defer { server.close() }
            let client = try LoopbackClient(port: server.server.address.port)
            try client.send(
                "\(entry.start)Origin: \(origin)\r\nX-Request-Id: r1\r\n\(entry.end)")
            let response = try client.response()
            #expect(response.status == entry.status)
            #expect(response["access-control-allow-origin"] == allowed)
            #expect((response["access-control-expose-headers"] != nil) == (allowed != nil))
            #expect((response["vary"] == "Origin") == origins.contains("://"))
            #expect(response["x-request-id"] == "r1")
            #expect(response["cache-control"] == "no-store")
            #expect(try json(response)["request_id"] == .string("r1"))
        }
    }

    @Test(
        "Where all origins may read, so may one whose field comes behind what the request is refused for",
        arguments: [
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n", 414),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("nonsense\r\n", 400),
            (
                "GET / HTTP/1.1\r\nX-A: \(String(repeating: "a", count: 40_000))\r\n"
                    + "Origin: https://a.example\r\n\r\n", 431
            ),
        ])
    func unreadOrigin(_ entry: (text: String, status: Int)) throws {
        for (origins, allowed) in [("*", "*"), ("https://a.example", nil), ("", nil)] {
            let server = try TestServer(loaded: false) {
                $0.origins = AllowedOrigins(origins) ?? .none
            }
            defer { server.close() }
            let client = try LoopbackClient(port: server.server.address.port)
            try client.send(entry.text)
            let response = try client.response()
            #expect(response.status == entry.status)
            #expect(response["access-control-allow-origin"] == allowed)
            #expect(response["x-request-id"]?.count == 32)
        }
    }

    @Test("Every answer tells browsers to come by TLS where that is set, and else none does")
    func transportSecurity() throws {
        for (seconds, value) in [(0, nil), (600, "max-age=600")] {
            let server = try TestServer(loaded: false) { $0.transportSecurity = seconds }
            defer { server.close() }
            for response in [
                try server.ask("GET", "/livez"), try server.ask("GET", "/nothing"),
                try server.ask("OPTIONS", "/translate"), try server.translate("{"),
                try server.ask("GET", "/livez", fields: "Expect: tea\r\n"),
            ] {
                #expect(response["strict-transport-security"] == value)
            }
        }
    }

    @Test("A preflight is told the methods and fields that a path takes, and others nothing")
    func preflights() throws {
        let server = try TestServer { $0.origins = .all }
        let known = try server.ask(
            "OPTIONS", "/translate", fields: "Origin: https://a.example\r\n" + Self.preflight)
        #expect(known.status == 204)
        #expect(known["access-control-allow-methods"] == "POST, OPTIONS")
        #expect(known["access-control-allow-headers"]?.contains("Authorization") == true)
        #expect(known["access-control-max-age"] == "7200")
        let plain = try server.ask("OPTIONS", "/translate")
        #expect(plain["allow"] == "POST, OPTIONS")
        #expect(plain["access-control-allow-methods"] == nil)
        #expect(plain["access-control-allow-origin"] == nil)
        server.close()
    }

    @Test(
        "What is no origin is no setting",
        arguments: [
            "a.example", "https://", "https://a.example/", "ftp://a", "https://a,*", "null",
            "https://a b",
        ])
    func malformed(_ text: String) { #expect(AllowedOrigins(text) == nil) }

    @Test("Origins are written as they are read")
    func text() {
        for text in ["", "*", "https://a.example,http://b:3000"] {
            #expect(AllowedOrigins(text)?.text == text)
        }
    }
}
