import HTTPServer
import HTTPWire
import JSON
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("POST /translate and its neighbours over a real socket")
struct TranslationAPITests {
    @Test("Tokens, exit layers and text are those of the golden file, under every setting")
    func translatesAsGolden() throws {
        let server = try TestServer()
        for golden in try Golden("own.json").cases {
            let texts = JSONValue.array(golden.sentences.map { .string($0.text) })
            let body = JSONObject(
                golden.settings.members + [
                    .init("text", texts), .init("format", .string("sentence")),
                ])
            let response = try server.translate(
                String(decoding: JSON.serialize(.object(body)), as: UTF8.self))
            #expect(response.status == 200)
            let translations = try #require(json(response)["translations"]?.arrayValue)
            for (translation, sentence) in zip(translations, golden.sentences) {
                let object = try #require(translation.objectValue)
                #expect(object["text"]?.stringValue == sentence.translation)
                let exits = object["exit_layers"]?.arrayValue?.compactMap(\.integerValue)
                #expect(exits?.map { Int($0) } == sentence.exitLayers)
                let ids = object["tokens"]?.arrayValue?.compactMap {
                    $0.objectValue?["id"]?.integerValue
                }
                #expect(ids?.map { Int($0) } == sentence.targetIDs)
            }
        }
        server.close()
    }

    @Test("A number that is whole is an integer, however it is written")
    func wholeNumbers() throws {
        let server = try TestServer()
        for (number, status) in [
            ("2", 200), ("2.0", 200), ("2e0", 200), ("2.5", 400), ("1e300", 422),
            ("-36893488147419103232", 422),
        ] {
            let response = try server.translate(#"{"text":"Ein Hund.","beam_size":\#(number)}"#)
            #expect(response.status == status)
        }
        server.close()
    }

    @Test("Of fields that do not exist no more than sixteen are named")
    func manyUnknownFields() throws {
        let server = try TestServer()
        let fields = (0..<5000).map { "\"f\($0)\":0" }.joined(separator: ",")
        let response = try server.translate("{\(fields)}")
        #expect(response.status == 400)
        // The text is missing, too.
        #expect(try json(response)["errors"]?.arrayValue?.count == 17)
        server.close()
    }

    @Test("The parts of a compute record add up exactly")
    func computeAddsUp() throws {
        let server = try TestServer()
        let response = try server.translate(
            #"{"text":["Zwei Hunde spielen im Schnee.","Ein Mann."],"beam_size":2,"alternatives":1}"#
        )
        let body = try json(response)
        let parts = try #require(body["translations"]?.arrayValue).compactMap {
            $0.objectValue?["compute"]?.objectValue
        }
        let total = try #require(body["compute"]?.objectValue)
        for name in ["target_tokens", "layers_run", "decoder_flops", "encoder_flops"] {
            let sum = parts.reduce(0) { $0 + ($1[name]?.integerValue ?? 0) }
            #expect(total[name]?.integerValue == sum)
        }
        let first = try #require(body["translations"]?.arrayValue?.first?.objectValue)
        #expect(first["alternatives"]?.arrayValue?.count == 1)
        let histogram = try #require(parts[0]["exit_histogram"]?.arrayValue).compactMap(
            \.integerValue)
        #expect(histogram.reduce(0, +) == parts[0]["target_tokens"]?.integerValue)
        server.close()
    }

    @Test("The same request gives the same bytes, ids and timings aside, on many connections")
    func sameBytes() throws {
        let server = try TestServer()
        let body = #"{"text":"Ein Mann mit Hut liest ein Buch.","include":["tokens","scores"]}"#
        let field = "X-Request-Id: same\r\n"
        let first = try server.translate(body, fields: field)
        let clients = try (0..<32).map { _ in try LoopbackClient(port: server.server.address.port) }
        for client in clients {
            try client.send(
                "POST /translate HTTP/1.1\r\nHost: x\r\n\(field)Content-Length: \(body.utf8.count)"
                    + "\r\n\r\n\(body)")
        }
        for client in clients { #expect(try client.response().body == first.body) }
        server.close()
    }

    @Test(
        "What is wrong with a body is said with status, code and place",
        arguments: [
            (#"{"text":"x""#, 400, "invalid_json"),
            (#"{"text":"x","text":"y"}"#, 400, "invalid_json"),
            (#"{"text":"\ud800"}"#, 400, "invalid_json"), (#"{"text":"x"} x"#, 400, "invalid_json"),
            ("[]", 400, "wrong_type"), ("{}", 400, "wrong_type"),
            (#"{"text":5}"#, 400, "wrong_type"), (#"{"text":["a",null]}"#, 400, "wrong_type"),
            (#"{"text":"x","beem_size":2}"#, 400, "unknown_field"),
            (#"{"text":"x","exit":{"polcy":"full"}}"#, 400, "unknown_field"),
            (#"{"text":"x","beam_size":9}"#, 422, "out_of_range"),
            (#"{"text":"x","beam_size":2,"alternatives":2}"#, 422, "out_of_range"),
            (#"{"text":"x","exit":{"policy":"quick"}}"#, 422, "out_of_range"),
            (#"{"text":"x","exit":{"policy":"confidence","threshold":1.5}}"#, 422, "out_of_range"),
            (
                #"{"text":"x","exit":{"policy":"confidence","threshold":[0.5]}}"#, 422,
                "out_of_range"
            ),
            (#"{"text":"x","exit":{"policy":"full","layer":2}}"#, 422, "conflicting_options"),
            (#"{"text":"x","exit":{"policy":"fixed"}}"#, 422, "conflicting_options"),
            (#"{"text":"x","exit":{"policy":"full","threshold":0.5}}"#, 422, "conflicting_options"),
            (
                #"{"text":"x","exit":{"policy":"fixed","layer":5,"max_layer":3}}"#, 422,
                "conflicting_options"
            ), (#"{"text":"x","target_lang":"fr"}"#, 422, "unsupported_language_pair"),
            (#"{"text":"x","model":"other"}"#, 404, "model_not_found"),
            ("{\"text\":\"\(String(repeating: "x", count: 10_001))\"}", 422, "text_too_long"),
            (
                "{\"text\":\"\(String(repeating: "Hund ", count: 300))\",\"format\":\"sentence\"}",
                422, "text_too_long"
            ),
            (#"{"text":[]}"#, 422, "out_of_range"),
        ])
    func badBodies(_ entry: (body: String, status: Int, code: String)) throws {
        let server = try TestServer()
        let response = try server.translate(entry.body)
        #expect(response.status == entry.status)
        #expect(response["content-type"] == "application/problem+json")
        let problem = try json(response)
        #expect(problem["code"]?.stringValue == entry.code)
        #expect(problem["error"] == problem["detail"])
        server.close()
    }

    @Test(
        "Requests that no route takes are refused",
        arguments: [
            ("GET", "/nothing", "", 404, "not_found"),
            ("GET", "/translate", "", 405, "method_not_allowed"),
            ("POST", "/metrics", "", 405, "method_not_allowed"),
            ("GET", "/models/other", "", 404, "model_not_found"),
            ("POST", "/translate", "Content-Type: text/plain\r\n", 415, "unsupported_media_type"),
            ("POST", "/translate", "Content-Type:\r\n", 415, "unsupported_media_type"),
            ("POST", "/translate", "Content-Type: ;\r\n", 415, "unsupported_media_type"),
            ("POST", "/translate", "Content-Encoding: br\r\n", 415, "unsupported_media_type"),
            ("POST", "/translate", "Accept: text/html\r\n", 406, "not_acceptable"),
            ("POST", "/translate", "Expect: magic\r\n", 417, "expectation_failed"),
            ("POST", "/translate", "Transfer-Encoding: gzip, chunked\r\n", 501, "not_implemented"),
        ])
    func badRequests(
        _ entry: (method: String, path: String, fields: String, status: Int, code: String)
    ) throws {
        let server = try TestServer()
        let hasBody = entry.method == "POST" && !entry.fields.contains("Transfer-Encoding")
        let response = try server.ask(
            entry.method, entry.path, body: hasBody ? Array(#"{"text":"x"}"#.utf8) : nil,
            fields: entry.fields)
        #expect(response.status == entry.status)
        #expect(try json(response)["code"]?.stringValue == entry.code)
        if entry.status == 405 { #expect(response["allow"] != nil) }
        server.close()
    }

    @Test(
        "What HTTP itself forbids is answered with a problem, and the connection closes",
        arguments: [
            ("GET /livez HTTP/1.1\r\n\r\n", 400, "malformed_request"),
            ("GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "malformed_request"),
            ("GET /livez HTTP/1.1\nHost: x\n\n", 400, "malformed_request"),
            (
                "POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413,
                "content_too_large"
            ),
            (
                "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414,
                "uri_too_long"
            ),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 17_000))\r\n\r\n",
                431,
                "header_fields_too_large"
            ),
            ("GET /livez HTTP/3.0\r\nHost: x\r\n\r\n", 505, "version_not_supported"),
        ])
    func forbidden(_ entry: (bytes: String, status: Int, code: String)) throws {
        let server = try TestServer()
        let client = try LoopbackClient(port: server.server.address.port)
        try client.send(entry.bytes)
        let response = try client.response()
        #expect(response.status == entry.status)
        #expect(try json(response)["code"]?.stringValue == entry.code)
        #expect(response["connection"] == "close")
        client.finishSending()
        #expect(client.reachesEnd())
        server.close()
    }

    @Test("A passed deadline is 504, a full queue 503 with Retry-After, a stopped service 503")
    func overload() throws {
        let late = try TestServer { $0.limits.timeout = 0 }
        let passed = try late.translate(#"{"text":"Ein Hund."}"#)
        #expect(passed.status == 504)
        #expect(try json(passed)["code"]?.stringValue == "deadline_exceeded")
        late.close()
        let full = try TestServer(queue: 0)
        let refused = try full.translate(#"{"text":"Ein Hund."}"#)
        #expect(refused.status == 503)
        #expect(refused["retry-after"] != nil)
        #expect(try json(refused)["code"]?.stringValue == "overloaded")
        full.api.stage.service?.stop()
        let stopped = try full.translate(#"{"text":"Ein Hund."}"#)
        #expect(stopped.status == 503)
        #expect(try json(stopped)["code"]?.stringValue == "shutting_down")
        full.close()
    }

    @Test("A policy that the checkpoint has no heads for names the tensor that is missing")
    func policyWithoutHeads() throws {
        let server = try TestServer(loaded: false)
        let directory = try TemporaryDirectory()
        for name in [
            "config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json",
            "tokenizer_config.json",
        ] {
            try directory.write(
                Repository.bytes("Tests/Golden/variants/swish-tied-unigram/\(name)"), to: name)
        }
        let model = try ServedModel(directory: directory.path)
        let service = try TranslationService(
            model: model, configuration: .init(),
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
        server.api.enter(.serving(service))
        let refused = try server.translate(#"{"text":"x","exit":{"policy":"token_geometric"}}"#)
        #expect(refused.status == 422)
        #expect(try json(refused)["code"]?.stringValue == "policy_unavailable")
        #expect(
            try json(refused)["detail"]?.stringValue?.contains("exits.token_geometric.weight")
                == true)
        #expect(try server.translate(#"{"text":"x","max_output_tokens":3}"#).status == 200)
        server.close()
    }

    @Test("Until the model is loaded, the process lives and is not ready")
    func loading() throws {
        let server = try TestServer(loaded: false)
        #expect(try server.ask("GET", "/livez").status == 200)
        #expect(try server.ask("GET", "/readyz").status == 503)
        #expect(try server.ask("GET", "/startupz").status == 503)
        let refused = try server.translate(#"{"text":"x"}"#)
        #expect(refused.status == 503)
        #expect(refused["retry-after"] != nil)
        server.close()
    }

    @Test(
        "What can be got can be asked for by HEAD, too",
        arguments: [
            "/livez", "/readyz", "/startupz", "/health", "/healthz", "/metrics", "/models",
            "/models/multi30k-de-en", "/languages", "/openapi.yaml",
        ])
    func getAndHead(_ path: String) throws {
        let server = try TestServer()
        let got = try server.ask("GET", path)
        let head = try server.ask("HEAD", path)
        #expect(got.status == 200)
        #expect(!got.body.isEmpty)
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head["content-type"] == got["content-type"])
        server.close()
    }

    @Test("The description of the models is not sent again to who has it")
    func notModified() throws {
        let server = try TestServer()
        let tag = try #require(server.ask("GET", "/models")["etag"])
        let again = try server.ask("GET", "/models", fields: "If-None-Match: \(tag)\r\n")
        #expect(again.status == 304)
        server.close()
    }

    @Test("A usable X-Request-Id comes back, another is replaced")
    func requestIDs() throws {
        let server = try TestServer()
        let kept = try server.ask("GET", "/livez", fields: "X-Request-Id: a.b_c-1\r\n")
        #expect(kept["x-request-id"] == "a.b_c-1")
        let replaced = try server.ask("GET", "/livez", fields: "X-Request-Id: a b\r\n")
        #expect(replaced["x-request-id"] != "a b")
        server.close()
    }
}
