import Compression
import TestSupport
import Testing
import TranslationAPI

@Suite("Content codings")
struct CodingTests {
    private static let json = "Content-Type: application/json\r\n"

    @Test("A body may come compressed")
    func requests() throws {
        let server = try TestServer()
        let plain = Array(#"{"q":"Ein Hund.","target":"en"}"#.utf8)
        let first = try server.ask("POST", "/translate", body: plain, fields: Self.json)
        for coding in ["gzip", "GZIP", "x-gzip"] {
            let packed = try server.ask(
                "POST", "/translate", body: Gzip.compress(plain),
                fields: Self.json + "Content-Encoding: \(coding)\r\n")
            #expect(packed == first)
        }
        server.close()
    }

    @Test("A body that unpacks to more than the limit is refused")
    func bomb() throws {
        let server = try TestServer { $0.limits.maximumInflatedBytes = 1000 }
        let fits = #"{"text":"x"}"# + String(repeating: " ", count: 988)
        for (text, status) in [(fits, 200), (fits + " ", 413)] {
            let response = try server.ask(
                "POST", "/translate", body: Gzip.compress(Array(text.utf8)),
                fields: Self.json + "Content-Encoding: gzip\r\n")
            #expect(response.status == status)
        }
        server.close()
    }

    @Test("A body that is no gzip file is malformed, and another coding is told what is served")
    func refusals() throws {
        let server = try TestServer()
        let body = Array(#"{"text":"x"}"#.utf8)
        let broken = try server.ask(
            "POST", "/translate", body: body, fields: Self.json + "Content-Encoding: gzip\r\n")
        #expect(broken.status == 400)
        for coding in ["br", "gzip, gzip"] {
            let other = try server.ask(
                "POST", "/translate", body: body,
                fields: Self.json + "Content-Encoding: \(coding)\r\n")
            #expect(other.status == 415)
            #expect(other["accept-encoding"] == "gzip")
        }
        server.close()
    }

    @Test(
        "An answer of more than 1 KiB comes compressed to who takes it",
        arguments: [
            ("gzip", true), ("deflate, GZIP;q=0.5", true), ("*", true), ("*;q=0.1, br", true),
            ("br", false), ("gzip;q=0", false), ("gzip;q=0.000, *", false), ("identity", false),
            ("", false),
        ])
    func answers(_ entry: (accept: String, isPacked: Bool)) throws {
        let server = try TestServer()
        let plain = try server.ask("GET", "/openapi.yaml")
        let fields = "Accept-Encoding: \(entry.accept)\r\n"
        let answer = try server.ask("GET", "/openapi.yaml", fields: fields)
        #expect((answer["content-encoding"] == "gzip") == entry.isPacked)
        #expect(answer["vary"] == "Accept-Encoding")
        #expect(answer["etag"] == plain["etag"])
        let body = entry.isPacked ? try Gzip.decompress(answer.body, limit: 1 << 20) : answer.body
        #expect(body == plain.body)
        let text = #"{"text":["Zwei Hunde spielen im Schnee.","Ein Mann mit Hut liest ein Buch."]}"#
        #expect(
            try (server.translate(text, fields: fields)["content-encoding"] == "gzip")
                == entry.isPacked)
        #expect(try server.ask("GET", "/livez", fields: fields)["content-encoding"] == nil)
        server.close()
    }

    @Test("Events are never held back to be compressed")
    func events() throws {
        let server = try TestServer()
        let answer = try server.translate(
            #"{"text":"Zwei Hunde spielen im Schnee.","stream":true}"#,
            fields: "Accept-Encoding: gzip\r\n")
        #expect(answer["content-encoding"] == nil)
        #expect(answer.text.hasPrefix("event: start\n"))
        server.close()
    }
}
