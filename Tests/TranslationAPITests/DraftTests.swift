import HTTPServer
import JSON
import TestSupport
import Testing
import TranslationAPI

@Suite("Speculative decoding and drafts over a real socket")
struct DraftTests {
    private static let text = "Zwei Hunde spielen im Schnee. Ein Mann liest ein Buch."

    private func translation(
        _ server: TestServer, _ members: String, text: String = DraftTests.text
    ) throws -> JSONObject {
        let response = try server.translate(#"{"text":"\#(text)",\#(members)}"#)
        #expect(response.status == 200)
        return try #require(json(response)["translations"]?.arrayValue?.first?.objectValue)
    }

    private func count(_ translation: JSONObject, _ name: String) -> Int? {
        let speculation = translation["compute"]?.objectValue?["speculation"]?.objectValue
        return speculation?[name]?.integerValue.map { Int($0) }
    }

    @Test("The answer is that of full depth, scores included, and says what became of drafts")
    func speculative() throws {
        let server = try TestServer()
        let include = #""include":["tokens","scores","sentences"]"#
        let full = try translation(server, #""exit":{"policy":"full"},\#(include)"#)
        let own = try translation(server, #""exit":{"policy":"speculative"},\#(include)"#)
        #expect(own["text"] == full["text"])
        #expect(own["score"] == full["score"])
        for name in ["id", "logprob", "piece"] {
            func values(_ translation: JSONObject) -> [JSONValue?]? {
                translation["tokens"]?.arrayValue?.map { $0.objectValue?[name] }
            }
            #expect(values(own) == values(full))
        }
        let tokens = own["tokens"]?.arrayValue?.count ?? 0
        let passes = try #require(count(own, "passes"))
        #expect(passes + (count(own, "accepted") ?? 0) == tokens)
        #expect(full["compute"]?.objectValue?["speculation"] == nil)
        server.close()
    }

    @Test(
        "A draft changes nothing but the passes",
        arguments: [
            "Two dogs are playing in the snow. A man is reading a book.", "", "Ein Hund",
            "Two dogs play in the snow.", "\\u0000\\ud83d\\ude00",
        ])
    func drafts(draft: String) throws {
        let server = try TestServer()
        let plain = try translation(server, #""exit":{"policy":"full"}"#)
        for format in ["text", "sentence"] {
            let members = #""exit":{"policy":"speculative"},"format":"\#(format)""#
            let own = try translation(server, #"\#(members),"draft":"\#(draft)""#)
            let without = try translation(server, members)
            #expect(own["text"] == without["text"])
            if format == "text" { #expect(own["text"] == plain["text"]) }
        }
        server.close()
    }

    @Test("The translation itself as a draft saves most passes, of each sentence")
    func ownTranslation() throws {
        let server = try TestServer()
        let plain = try translation(server, #""exit":{"policy":"full"}"#)
        let text = try #require(plain["text"]?.stringValue)
        let tokens = plain["exit_layers"]?.arrayValue?.count ?? 0
        let own = try translation(
            server, #""exit":{"policy":"speculative"},"draft":["\#(text)"]"#)
        #expect(own["text"]?.stringValue == text)
        #expect(try #require(count(own, "passes")) < tokens)
        server.close()
    }

    @Test(
        "A draft that cannot be one is refused by name",
        arguments: [
            (#""draft":7"#, 400, "/draft"), (#""draft":["a","b"]"#, 422, "/draft"),
            (#""draft":[7]"#, 400, "/draft"), (#""draft":{}"#, 400, "/draft"),
        ])
    func refused(_ entry: (members: String, status: Int, pointer: String)) throws {
        let server = try TestServer()
        let response = try server.translate(
            #"{"text":"Ein Hund.","exit":{"policy":"speculative"},\#(entry.members)}"#)
        #expect(response.status == entry.status)
        let errors = try json(response)["errors"]?.arrayValue ?? []
        #expect(
            errors.contains { $0.objectValue?["pointer"]?.stringValue == entry.pointer })
        server.close()
    }

    @Test(
        "A draft goes with the policy that verifies drafts alone",
        arguments: ["full", "confidence"])
    func policy(name: String) throws {
        let server = try TestServer()
        let response = try server.translate(
            #"{"text":"Ein Hund.","exit":{"policy":"\#(name)"},"draft":"A dog."}"#)
        #expect(response.status == 422)
        let detail = try json(response)["detail"]?.stringValue ?? ""
        #expect(detail.contains("speculative, not with \(name)"))
        let null = try server.translate(#"{"text":"Ein Hund.","draft":null}"#)
        #expect(null.status == 200)
        let nulls = try server.translate(
            #"{"text":["Ein Hund.","Ein Mann."],"exit":{"policy":"speculative"},"draft":[null,"A man."]}"#
        )
        #expect(nulls.status == 200)
        server.close()
    }

    @Test("The texts of a stream's tokens are the translation, though several come with a step")
    func streamedText() throws {
        let server = try TestServer()
        let body = #""text":"Ein Mann liest ein Buch.","exit":{"policy":"speculative"}"#
        let plain = try json(server.translate("{\(body)}"))
        let translation = try #require(
            plain["translations"]?.arrayValue?.first?.objectValue?["text"]?.stringValue)
        // The whole translation is drafted, so that the last tokens come together.
        let response = try server.translate(
            #"{\#(body),"draft":"\#(translation)","stream":true}"#)
        let events = String(decoding: response.body, as: UTF8.self).split(separator: "\n\n")
        let texts = try events.filter { $0.hasPrefix("event: token") }.map { event in
            let data = try #require(event.split(separator: "data: ").last)
            return try JSON.parse(Array(data.utf8)).objectValue?["text"]?.stringValue ?? ""
        }
        #expect(texts.joined() == translation)
        server.close()
    }

    @Test("Events of a stream have log-probabilities where scores are asked for")
    func events() throws {
        let server = try TestServer()
        for (include, has) in [("[]", false), (#"["scores"]"#, true)] {
            let response = try server.translate(
                #"{"text":"Ein Hund.","stream":true,"exit":{"policy":"speculative"},"include":\#(include)}"#
            )
            let text = String(decoding: response.body, as: UTF8.self)
            #expect(text.contains("event: token"))
            #expect(text.contains("\"logprob\":") == has)
        }
        server.close()
    }
}
