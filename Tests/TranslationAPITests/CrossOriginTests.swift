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
