import JSON
import TestSupport
import Testing
import TranslationAPI

@Suite("What serialisers, proxies and base addresses do to requests", .timeLimit(.minutes(10)))
struct ClientHabitsTests {
    @Test("A field that is null is as good as absent")
    func null() throws {
        let server = try TestServer()
        let names = [
            "model", "source_lang", "target_lang", "exit", "beam_size", "alternatives",
            "length_penalty", "min_output_tokens", "max_output_tokens", "include", "stream",
            "timeout_ms", "repetition_penalty", "no_repeat_ngram_size",
        ]
        let id = "X-Request-Id: same\r\n"
        let plain = try json(server.translate(#"{"text":"Ein Hund."}"#, fields: id))
        let nulls = names.map { ",\"\($0)\":null" }.joined()
        let own = try json(server.translate("{\"text\":\"Ein Hund.\"\(nulls)}", fields: id))
        #expect(own["translations"] == plain["translations"])
        #expect(own["timings"] != nil)
        let exits = ["policy", "layer", "threshold", "profile", "min_layer", "max_layer"]
        let exit = exits.map { "\"\($0)\":null" }.joined(separator: ",")
        let inner = try json(
            server.translate("{\"text\":\"Ein Hund.\",\"exit\":{\(exit)}}", fields: id))
        #expect(inner["translations"] == plain["translations"])
        let libre = ["source", "format", "alternatives", "api_key", "target"]
        let others = libre.map { ",\"\($0)\":null" }.joined()
        let answer = try json(server.translate("{\"q\":\"Ein Hund.\"\(others)}"))
        #expect(answer["translatedText"]?.stringValue == "A dog is walking.")
        #expect(try server.post("/tokenize", #"{"text":"x","model":null}"#).status == 200)
        #expect(try server.post("/detokenize", #"{"ids":[0],"model":null}"#).status == 200)
        server.close()
    }

    @Test(
        "What is required may not be null, and is asked for in its shape",
        arguments: [
            (#"{"text":null}"#, "application/problem+json", "`text` is required"),
            (#"{"q":null,"target":"en"}"#, "application/json", "`q` is required"),
            (#"{"text":["a",null]}"#, "application/problem+json", "`text` must be"),
        ])
    func required(_ entry: (body: String, type: String, message: String)) throws {
        let server = try TestServer()
        let answer = try server.translate(entry.body)
        #expect(answer.status == 400)
        #expect(answer["content-type"] == entry.type)
        #expect(try json(answer)["error"]?.stringValue?.contains(entry.message) == true)
        server.close()
    }

    @Test(
        "Slashes that come twice or at the end of a path say nothing",
        arguments: [
            ("//translate", "POST"), ("/translate/", "POST"), ("///translate//", "POST"),
            ("/tokenize/", "POST"), ("//livez", "GET"), ("/health/", "GET"), ("//", "GET"),
            ("/models/", "GET"), ("/models//multi30k-de-en/", "GET"), ("/languages/", "GET"),
            ("/metrics/", "GET"), ("//openapi.yaml", "GET"), ("/translate/", "OPTIONS"),
        ])
    func slashes(_ entry: (path: String, method: String)) throws {
        let server = try TestServer { $0.home = .page(Array("<p>".utf8), policy: "x") }
        let body = entry.method == "POST" ? Array(#"{"text":"Ein Hund."}"#.utf8) : nil
        let status = try server.ask(entry.method, entry.path, body: body).status
        #expect(status == (entry.method == "OPTIONS" ? 204 : 200))
        server.close()
    }
}
