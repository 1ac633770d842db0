import HTTPWire
import JSON
import TestSupport
import Testing
import TranslationAPI

@Suite("Documents, pages and the tokenizer")
struct DocumentTests {
    private func server() throws -> TestServer {
        try TestServer {
            $0.documentJSON = LazyDocument { .json(Array(#"{"openapi":"3.1.0"}"#.utf8)) }
            $0.home = .page(Array("<!doctype html><p>home".utf8), policy: "default-src 'none'")
            $0.reference = .page(Array("<!doctype html><p>docs".utf8), policy: "default-src 'self'")
        }
    }

    @Test(
        "A document has its type and a tag, and is not sent again to who has it",
        arguments: [
            ("/openapi.yaml", "application/yaml"), ("/openapi.json", "application/json"),
            ("/", "text/html; charset=utf-8"), ("/docs", "text/html; charset=utf-8"),
            ("/models", "application/json"), ("/models/multi30k-de-en", "application/json"),
            ("/languages", "application/json"),
        ])
    func documents(_ entry: (path: String, type: String)) throws {
        let server = try server()
        let got = try server.ask("GET", entry.path)
        #expect(got.status == 200)
        #expect(got["content-type"] == entry.type)
        #expect(got["cache-control"] == "no-cache")
        let tag = try #require(got["etag"])
        for known in [tag, "\"x\", \(tag)", String(tag.dropFirst(2)), "*"] {
            let again = try server.ask("GET", entry.path, fields: "If-None-Match: \(known)\r\n")
            #expect(again.status == 304)
            #expect(again["etag"] == tag)
        }
        let changed = try server.ask("HEAD", entry.path, fields: "If-None-Match: \"x\"\r\n")
        #expect(changed.status == 200)
        #expect(changed.body.isEmpty)
        let methods = entry.path.hasPrefix("/models/") ? "GET, HEAD, POST" : "GET, HEAD"
        #expect(try server.ask("DELETE", entry.path)["allow"] == methods + ", OPTIONS")
        #expect(try server.ask("OPTIONS", entry.path).status == 204)
        server.close()
    }

    @Test("A page says what it may load, and that its type is what it says")
    func pages() throws {
        let server = try server()
        let home = try server.ask("GET", "/")
        #expect(home["content-security-policy"] == "default-src 'none'")
        #expect(home["x-content-type-options"] == "nosniff")
        #expect(try server.ask("GET", "/docs")["content-security-policy"] == "default-src 'self'")
        server.close()
    }

    @Test("There is nothing where a server lacks the document")
    func missing() throws {
        let server = try TestServer()
        for path in ["/", "/docs", "/openapi.json"] {
            #expect(try server.ask("GET", path).status == 404)
        }
        #expect(try server.ask("OPTIONS", "*").status == 204)
        server.close()
    }

    @Test(
        "Ids and pieces of texts are what the model works on, and ids become the texts of translations"
    )
    func tokens() throws {
        let server = try TestServer()
        let text = #"{"text":["Zwei Hunde spielen.",""]}"#
        let tokens = try json(server.post("/tokenize", text))
        let entries = try #require(tokens["texts"]?.arrayValue).compactMap(\.objectValue)
        let counts = entries.compactMap { $0["ids"]?.arrayValue?.count }
        #expect(entries.compactMap { $0["pieces"]?.arrayValue?.count } == counts)
        #expect(entries[0]["pieces"]?.arrayValue?.first == .string("▁Zwei"))
        let answer = try json(server.translate(text))
        #expect(
            answer["usage"]?.objectValue?["source_tokens"]?.integerValue == Int64(counts[0]))
        let translation = answer["translations"]?.arrayValue?.first?.objectValue
        let ids = try #require(translation?["tokens"]?.arrayValue).compactMap {
            $0.objectValue?["id"]
        }
        for list in [JSONValue.array(ids), .array([.array(ids)])] {
            let body = JSON.serialize(.object(JSONObject([.init("ids", list)])))
            let texts = try json(server.post("/detokenize", String(decoding: body, as: UTF8.self)))
            #expect(texts["texts"]?.arrayValue == [try #require(translation?["text"])])
        }
        server.close()
    }

    @Test("Texts for the tokenizer wait for each other, and too many of them are refused")
    func tokenizerQueue() throws {
        let server = try TestServer()
        let request = ServerRequest(
            method: "POST", target: "/tokenize", path: "/tokenize",
            body: Array(#"{"text":"x"}"#.utf8))
        let first = Recorder(holdsUp: true)
        server.api.handle(request, first)
        _ = first.head
        let others = (0..<64).map { _ in Recorder() }
        for recorder in others { server.api.handle(request, recorder) }
        #expect(others[63].finished.status == 503)
        first.letGo()
        #expect(others[..<63].allSatisfy { $0.finished.status == 200 })
        #expect(
            try server.ask("GET", "/metrics").text.contains(
                "shoal_rejected_requests_total{reason=\"overloaded\"} 1\n"))
        server.close()
    }

    @Test(
        "Bodies that the tokenizer cannot take are refused",
        arguments: [
            ("/tokenize", "{}", 400), ("/tokenize", #"{"text":5}"#, 400),
            ("/tokenize", #"{"text":[]}"#, 422), ("/tokenize", #"{"text":"x","side":"a"}"#, 400),
            ("/tokenize", #"{"text":"x","model":"other"}"#, 404), ("/tokenize", "[]", 400),
            ("/detokenize", "{}", 400), ("/detokenize", #"{"ids":"x"}"#, 400),
            ("/detokenize", #"{"ids":[1.5]}"#, 400), ("/detokenize", #"{"ids":[[1],2]}"#, 400),
            ("/detokenize", #"{"ids":[1,[2]]}"#, 400), ("/detokenize", #"{"ids":[-1]}"#, 422),
            ("/detokenize", #"{"ids":[[0],[999999]]}"#, 422),
            ("/detokenize", "{\"ids\":[\(String(repeating: "1,", count: 10_000))1]}", 422),
            ("/detokenize", #"{"ids":[]}"#, 200),
        ])
    func refusals(_ entry: (path: String, body: String, status: Int)) throws {
        let server = try TestServer()
        #expect(try server.post(entry.path, entry.body).status == entry.status)
        let form = try server.post(
            entry.path, "text=x", type: "application/x-www-form-urlencoded")
        #expect(form.status == 415)
        server.close()
    }
}
