import HTTPTypes
import HTTPWire
import JSON
import TestSupport
import Testing
import TranslationAPI

private let secret = "Geheimer-Befund"
private let form = "application/x-www-form-urlencoded"

@Suite("Nothing that a client wrote stands in answers or logs", .timeLimit(.minutes(10)))
struct SecrecyTests {
    /// A request that holds the secret where the API does not expect it.
    struct Attempt: Sendable, CustomTestStringConvertible {
        var path = "/translate"
        var method = "POST"
        var type = "application/json"
        var body = ""
        var fields: HTTPFields = [:]

        var testDescription: String { "\(method) \(path) \(type) \(body) \(fields)" }

        static func json(_ body: String, to path: String = "/translate") -> Attempt {
            Attempt(path: path, body: body)
        }
    }

    static let attempts: [Attempt] = [
        .json(#"{"text":"a","\#(secret)":1}"#), .json(#"{"text":"a","beam_size\#(secret)":1}"#),
        .json(#"{"text":"a","exit":{"\#(secret)":1}}"#),
        .json(#"{"text":"a","exit":{"policy":"\#(secret)"}}"#),
        .json(#"{"text":"a","exit":{"policy":"confidence","profile":"\#(secret)"}}"#),
        .json(#"{"text":"a","exit":{"policy":"confidence","threshold":"\#(secret)"}}"#),
        .json(#"{"text":"a","exit":"\#(secret)"}"#),
        .json(#"{"text":"a","include":["\#(secret)"]}"#),
        .json(#"{"text":"a","model":"\#(secret)"}"#), .json(#"{"text":"a","stream":"\#(secret)"}"#),
        .json(#"{"text":"a","source_lang":"\#(secret)","target_lang":"\#(secret)"}"#),
        .json(#"{"text":"a","timeout_ms":"\#(secret)","beam_size":"\#(secret)"}"#),
        .json(#"{"\#(secret)":1,"\#(secret)":2}"#), .json(#"{"text":"\#(secret)"#),
        .json(#""\#(secret)""#), .json(secret), .json(#"{"text":{"\#(secret)":1}}"#),
        .json(#"{"text":"\#(String(repeating: secret, count: 1000))"}"#),
        .json(#"{"q":"a","target":"en","\#(secret)":1}"#),
        .json(#"{"q":"a","source":"\#(secret)","target":"\#(secret)"}"#),
        .json(#"{"q":"a","target":"en","format":"\#(secret)","alternatives":"\#(secret)"}"#),
        .json(#"{"q":{"\#(secret)":1},"target":"en"}"#),
        .json(#"{"text":"a","target_lang":"EN","\#(secret)":1}"#, to: "/v2/translate"),
        .json(#"{"text":"a","target_lang":"\#(secret)"}"#, to: "/v2/translate"),
        .json(
            #"{"text":"a","target_lang":"EN","formality":"\#(secret)","split_sentences":"\#(secret)"}"#,
            to: "/v2/translate"),
        .json(
            #"{"text":"a","target_lang":"EN","source_lang":"DE","glossary_id":"\#(secret)"}"#,
            to: "/v2/translate"),
        .json(
            #"{"name":"\#(secret)","source_lang":"de","target_lang":"en","entries":"\#(secret)"}"#,
            to: "/v2/glossaries"),
        .json(
            #"{"name":"x","dictionaries":[{"source_lang":"de","target_lang":"\#(secret)","entries":"\#(secret),","entries_format":"csv"}]}"#,
            to: "/v3/glossaries"),
        .json(#"{"q":{"\#(secret)":1},"\#(secret)":2}"#, to: "/detect"),
        Attempt(path: "/v2/glossaries/\(secret)", method: "GET"),
        Attempt(path: "/v3/glossaries/\(secret)/entries", method: "GET"),
        Attempt(path: "/v2/document/\(secret)", method: "GET"),
        Attempt(path: "/download_file/\(secret)", method: "GET"),
        Attempt(path: "/suggest", body: "q=\(secret)"),
        Attempt(
            path: "/translate_file", type: "multipart/form-data; boundary=x",
            body: multipart(
                [("source", secret), (secret, secret)], file: (secret + ".txt", secret))),
        Attempt(
            path: "/translate_file", type: "multipart/form-data; boundary=x",
            body: multipart([], file: (secret + ".po", "msgid \(secret)"))),
        Attempt(type: "multipart/form-data; boundary=x", body: "--x\r\n\(secret): \(secret)"),
        Attempt(type: "multipart/form-data; boundary=\(secret)", body: "--\(secret)x"),
        .json(#"{"text":"a","\#(secret)":1}"#, to: "/tokenize"),
        .json(#"{"text":"a","model":"\#(secret)"}"#, to: "/tokenize"),
        .json(#"{"ids":["\#(secret)"]}"#, to: "/detokenize"),
        .json(#"{"ids":[0],"\#(secret)":1}"#, to: "/detokenize"),
        Attempt(type: form, body: #"{"text":"\#(secret)"}"#),
        Attempt(type: form, body: "q=a&target=en&\(secret)=1"),
        Attempt(type: form, body: "\(secret)"), Attempt(type: form, body: "q=\(secret)&q=%zz"),
        Attempt(type: form, body: "q=a&target=en&format=\(secret)&alternatives=\(secret)"),
        Attempt(type: "text/\(secret)", body: "{}"),
        Attempt(body: #"{"text":"a"}"#, fields: [.contentEncoding: secret]),
        Attempt(body: secret, fields: [.contentEncoding: "gzip"]),
        Attempt(body: #"{"text":"a"}"#, fields: [.accept: "text/\(secret)"]),
        Attempt(path: "/\(secret)", body: "{}"), Attempt(method: secret, body: "{}"),
        Attempt(path: "/models/\(secret)", method: "GET"),
        Attempt(method: "OPTIONS", fields: [.accessControlRequestHeaders: secret]),
    ]

    @Test("A refusal repeats nothing of the request", arguments: attempts)
    func refusals(_ attempt: Attempt) throws {
        let server = try TestServer()
        var fields = attempt.fields
        fields[.contentType] = attempt.type
        fields[.authorization] = "Basic \(secret)"
        fields[.cookie] = secret
        fields[.traceparent] = secret
        fields[try #require(HTTPField.Name("X-Request-Id"))] = secret + "!"
        let recorder = Recorder()
        server.api.handle(
            ServerRequest(
                method: attempt.method, target: attempt.path, path: attempt.path, query: secret,
                fields: fields, body: Array(attempt.body.utf8)), recorder)
        let answer = recorder.finished
        #expect((400..<500).contains(answer.status) || attempt.method == "OPTIONS")
        #expect(!recorder.text.contains(secret))
        #expect(!answer.fields.contains { $0.value.contains(secret) })
        #expect(!"\(answer.logFields)".contains(secret))
        #expect(!answer.route.contains(secret))
        server.close()
    }

    @Test("An unknown field is told by its place, with the nearest field or with all there are")
    func places() throws {
        let server = try TestServer()
        func problems(_ body: String) throws -> [(pointer: String?, detail: String?)] {
            try #require(json(server.translate(body))["errors"]?.arrayValue).map {
                let fields = $0.objectValue
                return (fields?["pointer"]?.stringValue, fields?["detail"]?.stringValue)
            }
        }
        let near = try problems(#"{"text":"a","beem_size":2}"#)
        #expect(near[0].pointer?.isEmpty == true)
        #expect(near[0].detail == "field 2 of the body is unknown; did you mean `beam_size`?")
        let nested = try problems(#"{"text":"a","exit":{"polcy":"full","whatever":1,"else":2}}"#)
        #expect(nested.map(\.pointer) == ["/exit", "/exit", "/exit"])
        #expect(nested[0].detail == "field 1 of `exit` is unknown; did you mean `policy`?")
        #expect(nested[1].detail == "field 2 of `exit` is unknown")
        let far = try problems(#"{"text":"a","whatever":2}"#)
        #expect(
            far[0].detail?.hasPrefix("field 2 of the body is unknown; the fields are `model`,")
                == true)
        server.close()
    }

    @Test("JSON that came as a form is told its content type, whatever stands in it")
    func jsonAsForm() throws {
        let server = try TestServer()
        for body in [#"{"text":"a"}"#, " \n{\"text\":\"50 % & mehr\"}", #"["a"]"#] {
            let answer = try server.post("/translate", body, type: form)
            #expect(answer.status == 400)
            let detail = try #require(json(answer)["detail"]?.stringValue)
            #expect(detail.contains("Content-Type: application/json"))
        }
        server.close()
    }

    @Test("What is wrong with a file of keys is told without what may be a key")
    func keys() {
        for line in ["reader \(secret)", "reader=\(secret)", "reader sha256=00 \(secret)=1"] {
            let error = #expect(throws: APIKeysError.self) { try APIKeys(line) { $0 } }
            #expect(error?.description.contains(secret) == false)
        }
    }
}
