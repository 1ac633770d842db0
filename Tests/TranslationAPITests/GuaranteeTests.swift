import Checkpoint
import Foundation
import JSON
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("Guarantees over a real socket")
struct GuaranteeTests {
    private func server() throws -> (TestServer, CertifiedModel) {
        let certified = try CertifiedModel { network in
            [
                certificate(network, 0.01, layer: 5, operations: 0.9),
                certificate(network, 0.05, layer: 3, operations: 0.6),
                certificate(network, 0.05, layer: 1, operations: 0.3, precision: "int8"),
                certificate(String(repeating: "a", count: 64), 0.02, layer: 1, operations: 0.3),
            ]
        }
        return (try TestServer(model: certified.model), certified)
    }

    private func translate(_ server: TestServer, _ exit: String, _ more: String = "") throws
        -> LoopbackClient.Response
    {
        try server.translate(
            #"{"text":"Ein Mann liest ein Buch.","exit":\#(exit)\#(more)}"#)
    }

    @Test(
        "The cheapest certified rule of the precision is followed, and named",
        arguments: [(0.01, 5), (0.04, 5), (0.05, 3), (0.9, 3)])
    func chooses(_ entry: (delta: Double, layer: Int)) throws {
        let (server, _) = try server()
        let response = try translate(
            server, #"{"guarantee":{"risk":"chrf","delta":\#(entry.delta)}}"#)
        #expect(response.status == 200)
        let answer = try json(response)
        let named = try #require(answer["certificate"]?.objectValue)
        #expect(named["layer"]?.integerValue == Int64(entry.layer))
        #expect(named["delta"]?.doubleValue == (entry.layer == 5 ? 0.01 : 0.05))
        #expect(named["sentences"]?.integerValue == 500)
        let fixed = try json(
            translate(server, #"{"policy":"fixed","layer":\#(entry.layer)}"#))
        #expect(answer["translations"] != nil && fixed["certificate"] == nil)
        func outputs(_ answer: JSONObject) -> [JSONValue?]? {
            answer["translations"]?.arrayValue?.map { $0.objectValue?["exit_layers"] }
        }
        #expect(outputs(answer) == outputs(fixed))
        server.close()
    }

    @Test(
        "What is not certified, or not as it was tested, is refused by name",
        arguments: [
            (#"{"guarantee":{"risk":"chrf","delta":0.001}}"#, "", 422, "chrf 0.01, chrf 0.05"),
            (#"{"guarantee":{"risk":"disagreement","delta":0.5}}"#, "", 422, "certificates for"),
            (#"{"guarantee":{"risk":"bleu","delta":0.5}}"#, "", 422, "chrf"),
            (#"{"guarantee":{"risk":"chrf","delta":1}}"#, "", 422, "below 1"),
            (#"{"guarantee":{"risk":"chrf"}}"#, "", 422, "delta"),
            (#"{"guarantee":{"risk":"chrf","delta":0.05,"x":1}}"#, "", 400, "x"),
            (#"{"guarantee":7}"#, "", 400, "guarantee"),
            (
                #"{"policy":"full","guarantee":{"risk":"chrf","delta":0.05}}"#, "", 422,
                "excludes all else"
            ),
            (
                #"{"guarantee":{"risk":"chrf","delta":0.05}}"#, #","beam_size":4"#, 422,
                "greedy search"
            ),
            (
                #"{"guarantee":{"risk":"chrf","delta":0.05}}"#, #","repetition_penalty":1.2"#,
                422, "greedy search"
            ),
        ])
    func refuses(_ entry: (exit: String, more: String, status: Int, words: String)) throws {
        let (server, _) = try server()
        let response = try translate(server, entry.exit, entry.more)
        #expect(response.status == entry.status)
        #expect(String(decoding: response.body, as: UTF8.self).contains(entry.words))
        server.close()
    }

    @Test("Models list the certificates that can be asked for")
    func lists() throws {
        let (server, _) = try server()
        let models = try json(server.ask("GET", "/models"))["models"]?.arrayValue
        let list = models?.first?.objectValue?["certificates"]?.arrayValue
        #expect(list?.map { $0.objectValue?["layer"]?.integerValue } == [5, 3])
        server.close()
    }

    @Test("A certificate for other weights is refused by name where a server would load it")
    func otherWeights() throws {
        let certified = try CertifiedModel { network in
            [
                certificate(network, 0.05, layer: 3, operations: 0.6),
                certificate(String(repeating: "a", count: 64), 0.02, layer: 1, operations: 0.3),
            ]
        }
        let checkpoint = certified.model.checkpoint
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.requireOwnCertificates(certified.model.networkChecksum)
        }
        #expect(error?.subject == "certificates[1].network")
        #expect(error?.description.contains("shoal certify") == true)
    }
}
