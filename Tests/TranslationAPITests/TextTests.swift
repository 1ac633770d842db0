import HTTPServer
import HTTPWire
import JSON
import TestSupport
import Testing
import TextPreparation
import TranslationAPI

@Suite("Texts in POST /translate", .timeLimit(.minutes(10)))
struct TextTests {
    private func translations(_ body: String, _ server: TestServer) throws -> [JSONObject] {
        let response = try server.translate(body)
        #expect(response.status == 200, "\(response.text)")
        let all = try #require(json(response)["translations"]?.arrayValue)
        return all.compactMap(\.objectValue)
    }

    @Test("Sentences are named by their places in characters, of the text and of its translation")
    func sentences() throws {
        let server = try TestServer()
        let text = "😀 Zwei Hunde spielen.\nEine süße Katze schläft."
        let translation = try translations(
            #"{"text":"\#(text.replacing("\n", with: "\\n"))"}"#, server)[0]
        let target = Array(try #require(translation["text"]?.stringValue).unicodeScalars)
        let sentences = try #require(translation["sentences"]?.arrayValue).compactMap(\.objectValue)
        #expect(sentences.count == 2)
        func words(_ place: JSONValue?, of scalars: [Unicode.Scalar]) throws -> String {
            let range = try #require(place?.objectValue)
            let start = try #require(range["start"]?.wholeNumberForTest)
            let end = try #require(range["end"]?.wholeNumberForTest)
            return String(String.UnicodeScalarView(scalars[start..<end]))
        }
        let source = Array(text.unicodeScalars)
        #expect(try words(sentences[1]["source"], of: source) == "Eine süße Katze schläft.")
        let joined = try sentences.map { try words($0["target"], of: target) }
        #expect(String(String.UnicodeScalarView(target)).hasSuffix("\n" + joined[1]))
        let exits = sentences.flatMap { $0["exit_layers"]?.arrayValue ?? [] }
        #expect(exits == translation["exit_layers"]?.arrayValue)
        let alone = try translations(#"{"text":"Eine süße Katze schläft."}"#, server)[0]
        #expect(alone["text"]?.stringValue == joined[1])
        #expect(alone["compute"] == sentences[1]["compute"])
        server.close()
    }

    @Test("Sentences are left out where include does not ask for them")
    func include() throws {
        let server = try TestServer()
        let plain = try translations(#"{"text":"Ein Hund.","include":[]}"#, server)[0]
        #expect(plain["sentences"] == nil)
        let asked = try translations(
            #"{"text":"Ein Hund.","include":["sentences","scores"]}"#, server)[0]
        let sentence = asked["sentences"]?.arrayValue?[0].objectValue
        #expect(sentence?["score"] == asked["score"])
        server.close()
    }

    @Test("A protected text and a glossary's word come out as they are to")
    func protects() throws {
        let server = try TestServer()
        let text = try translations(
            #"{"text":"Ein Hund spielt mit Waldi im Schnee.","protect":["Waldi"],"glossary":{"Hund":"hound"}}"#,
            server)[0]["text"]?.stringValue
        #expect(text?.ranges(of: "Waldi").count == 1)
        #expect(text?.ranges(of: "hound").count == 1)
        server.close()
    }

    @Test("A glossary of the server's files goes by its name")
    func namedGlossary() throws {
        let glossary = try Glossary([.init(source: "Hund", target: "hound")])
        let server = try TestServer {
            $0.glossaries = [NamedGlossary(name: "dogs", glossary: glossary)]
        }
        let text = try translations(#"{"text":"Ein Hund spielt.","glossary":"dogs"}"#, server)[0]
        #expect(text["text"]?.stringValue?.ranges(of: "hound").count == 1)
        let other = try server.translate(#"{"text":"Ein Hund.","glossary":"cats"}"#)
        #expect(other.status == 422)
        server.close()
    }

    @Test("With split_sentences false a line is one sentence")
    func lines() throws {
        let server = try TestServer()
        let text = #""text":"Ein Hund. Ein Kind.\nEin Mann.""#
        let split = try translations("{\(text)}", server)[0]
        let whole = try translations("{\(text),\"split_sentences\":false}", server)[0]
        #expect(split["sentences"]?.arrayValue?.count == 3)
        #expect(whole["sentences"]?.arrayValue?.count == 2)
        server.close()
    }

    @Test(
        "What is wrong with the fields of a text is said",
        arguments: [
            (#""format":"pdf""#, 422, "out_of_range"),
            (#""format":"sentence","protect":["a"]"#, 422, "conflicting_options"),
            (#""format":"sentence","glossary":{"a":"b"}"#, 422, "conflicting_options"),
            (#""glossary":{"a":""}"#, 422, "out_of_range"),
            (#""glossary":{"a":5}"#, 400, "wrong_type"),
            (#""protect":"a""#, 400, "wrong_type"),
        ])
    func faults(_ entry: (member: String, status: Int, code: String)) throws {
        let server = try TestServer()
        let response = try server.translate("{\"text\":\"Ein Hund.\",\(entry.member)}")
        #expect(response.status == entry.status)
        let problem = try json(response)
        let code = problem["errors"]?.arrayValue?.first?.objectValue?["code"] ?? problem["code"]
        #expect(code?.stringValue == entry.code, "\(response.text)")
        server.close()
    }
}

extension JSONValue {
    fileprivate var wholeNumberForTest: Int? { integerValue.map { Int($0) } }
}
