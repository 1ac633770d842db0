import Compression
import TestSupport
import Testing

@Suite("Fields that a client may write loosely", .timeLimit(.minutes(10)))
struct NegotiationTests {
    private static let body = #"{"text":"Ein Hund.","include":[]}"#

    @Test(
        "What can be read as a wish for JSON gets JSON",
        arguments: [
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/html, */*; q=.2",
            "text/html, *;q=.2", "*", "*/*;q=.2", "*/*;q=", "*/*;q=x", "*/*; q = 0.5", "*/*;q=1.",
            "*/*;q=\"0.5\"", "application/json;q=2", "application/json;q=0.12345",
            "application/json;q=0,8, text/html;q=0,9", "APPLICATION/JSON;Q=0.5",
            "application/json charset=utf-8", "application/json;charset", "application/json;;",
            "json", "?", ",,,", "\"", "text/html;q=\"x, application/json, text/html",
            "application/json;q=0, application/json", "application/*;q=.001, text/html",
        ])
    func accept(_ value: String) throws {
        let server = try TestServer()
        let answer = try server.translate(Self.body, fields: "Accept: \(value)\r\n")
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "application/json")
        server.close()
    }

    @Test(
        "What excludes JSON in any reading is 406 still",
        arguments: ["text/html", "text/html;q=.5", "*/*;q=0", "*;q=0.0", "application/json;q=-1"])
    func exclude(_ value: String) throws {
        let server = try TestServer()
        #expect(try server.translate(Self.body, fields: "Accept: \(value)\r\n").status == 406)
        server.close()
    }

    @Test(
        "A media type is known by its name, whatever stands around it",
        arguments: [
            "application/json; charset=utf-8", "application/json;charset=\"utf-8",
            "application/json;",
            "application/json; q=x", "application/json ; charset", "application/json charset=utf-8",
            "Application/JSON", "application/json, application/json", "application/json,",
            "application/json, charset=utf-8",
        ])
    func contentType(_ type: String) throws {
        let server = try TestServer()
        #expect(try server.post("/translate", Self.body, type: type).status == 200)
        server.close()
    }

    @Test("Two media types that differ, and none that is served, are 415 still")
    func foreignTypes() throws {
        let server = try TestServer()
        for type in ["text/plain", "application/json, text/plain", "json", ""] {
            #expect(try server.post("/translate", Self.body, type: type).status == 415)
        }
        server.close()
    }

    @Test("A coding of a body may be listed beside those that change nothing")
    func contentEncoding() throws {
        let server = try TestServer()
        let packed = Gzip.compress(Array(Self.body.utf8))
        for coding in ["identity, gzip", "gzip,", ", x-gzip", "GZIP, identity"] {
            let answer = try server.ask(
                "POST", "/translate", body: packed, fields: "Content-Encoding: \(coding)\r\n")
            #expect(answer.status == 200)
        }
        for coding in ["identity, identity", ","] {
            let fields = "Content-Encoding: \(coding)\r\n"
            #expect(try server.translate(Self.body, fields: fields).status == 200)
        }
        server.close()
    }

    @Test(
        "Compression is asked for in any spelling",
        arguments: [
            ("gzip;q=.5", true), ("x-gzip", true), ("gzip;q=", true), ("br, gzip; q = 1.0", true),
            ("gzip;q=0,5, br", true), ("gzip;q=.0", false), ("*;q=0", false),
        ])
    func acceptEncoding(_ entry: (value: String, isPacked: Bool)) throws {
        let server = try TestServer()
        let answer = try server.ask(
            "GET", "/openapi.yaml", fields: "Accept-Encoding: \(entry.value)\r\n")
        #expect(answer.status == 200)
        #expect((answer["content-encoding"] == "gzip") == entry.isPacked)
        server.close()
    }

    @Test("Fields that nothing is read from refuse nothing, however broken they are")
    func ignored() throws {
        let server = try TestServer()
        let fields = [
            "Accept-Language: ;;q=,", "Accept-Charset: latin1;q=x", "If-None-Match: W/", "Range: x",
            "If-Match: \"", "TE: ;", "traceparent: 00", "Cookie: =;=", "Accept-Encoding: ;q",
        ]
        for field in fields {
            #expect(try server.translate(Self.body, fields: field + "\r\n").status == 200)
            #expect(try server.ask("GET", "/models", fields: field + "\r\n").status == 200)
        }
        server.close()
    }
}
