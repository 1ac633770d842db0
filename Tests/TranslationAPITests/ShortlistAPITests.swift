import JSON
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("Shortlists over a real socket")
struct ShortlistAPITests {
    private static let text = "Ein Mann liest ein Buch."

    private func listed(usesShortlist: Bool = false) throws -> TestServer {
        let directory = try Repository.listedModel()
        return try TestServer(model: try ServedModel(directory: directory.path)) {
            $0.usesShortlist = usesShortlist
        }
    }

    private func answer(
        _ server: TestServer, _ members: String, status: Int = 200
    ) throws -> JSONObject {
        let response = try server.translate(#"{"text":"\#(Self.text)"\#(members)}"#)
        #expect(response.status == status)
        return try json(response)
    }

    private func shortlist(_ answer: JSONObject) -> JSONObject? {
        answer["compute"]?.objectValue?["shortlist"]?.objectValue
    }

    private func share(_ answer: JSONObject) -> Double {
        answer["compute"]?.objectValue?["compute_saved"]?.doubleValue ?? 0
    }

    @Test("The answer says that it was used and saved operations, and by default it is not")
    func used() throws {
        let server = try listed()
        let full = #","exit":{"policy":"full"}"#
        let plain = try answer(server, full)
        #expect(shortlist(plain) == nil)
        #expect(try shortlist(answer(server, full + #","shortlist":false"#)) == nil)
        let own = try answer(server, full + #","shortlist":true"#)
        let count = try #require(shortlist(own))
        #expect(count["inputs"]?.integerValue == 1)
        let candidates = try #require(count["candidates"]?.integerValue)
        #expect((304...700).contains(candidates) && candidates % 8 == 0)
        #expect(share(plain) == 0 && share(own) > 0.1)
        let models = try json(server.ask("GET", "/models"))["models"]?.arrayValue
        #expect(models?.first?.objectValue?["shortlist"] == .bool(true))
        server.close()
    }

    @Test(
        "A server that is set to uses it where nothing is said, but not under a guarantee or for quality"
    )
    func setting() throws {
        let server = try listed(usesShortlist: true)
        #expect(try shortlist(answer(server, "")) != nil)
        #expect(try shortlist(answer(server, #","shortlist":false"#)) == nil)
        let guarantee = #","exit":{"guarantee":{"risk":"chrf","delta":0.1}}"#
        let refused = try answer(server, guarantee, status: 422)
        #expect(refused["detail"]?.stringValue?.contains("no certificates") == true)
        func translated(_ type: String) throws -> String? {
            let body = #"{"text":["\#(Self.text)"],"target_lang":"EN","model_type":"\#(type)"}"#
            let answer = try json(server.post("/v2/translate", body))
            return answer["translations"]?.arrayValue?.first?.objectValue?["text"]?.stringValue
        }
        func text(_ members: String) throws -> String? {
            let first = try answer(server, members)["translations"]?.arrayValue?.first
            return first?.objectValue?["text"]?.stringValue
        }
        let full = #","exit":{"policy":"full"},"shortlist":"#
        #expect(try text(full + "true") != text(full + "false"))
        #expect(try translated("quality_optimized") == text(full + "false"))
        #expect(try translated("latency_optimized") == text(""))
        server.close()
        // A model without one is asked as ever.
        let plain = try TestServer { $0.usesShortlist = true }
        #expect(try shortlist(answer(plain, "")) == nil)
        plain.close()
    }

    @Test("A model without one refuses it, naming what is missing")
    func missing() throws {
        let server = try TestServer()
        let problem = try answer(server, #","shortlist":true"#, status: 422)
        #expect(problem["code"]?.stringValue == "shortlist_unavailable")
        let error = problem["errors"]?.arrayValue?.first?.objectValue
        #expect(error?["pointer"]?.stringValue == "/shortlist")
        #expect(error?["detail"]?.stringValue?.contains("shortlist.bin") == true)
        #expect(
            try answer(server, #","shortlist":1"#, status: 400)["code"] == .string("wrong_type"))
        server.close()
    }

    @Test("A certified rule is for outputs without one")
    func guarantee() throws {
        let certified = try CertifiedModel { network in
            [certificate(network, 0.05, layer: 3, operations: 0.6)]
        }
        let directory = try Repository.listedModel()
        try certified.directory.write(directory.bytes("shortlist.bin"), to: "shortlist.bin")
        let model = try ServedModel(directory: certified.directory.path)
        #expect(model.certificates.count == 1)
        let server = try TestServer(model: model) { $0.usesShortlist = true }
        let guarantee = #","exit":{"guarantee":{"risk":"chrf","delta":0.05}}"#
        let plain = try answer(server, guarantee)
        #expect(shortlist(plain) == nil && plain["certificate"] != nil)
        let refused = try answer(server, guarantee + #","shortlist":true"#, status: 422)
        #expect(refused["detail"]?.stringValue?.contains("a shortlist") == true)
        server.close()
    }
}
