import Foundation
import TestSupport
import Testing

@Suite("A server that starts again", .timeLimit(.minutes(10)))
struct PackTests {
    private let directory: TemporaryDirectory
    private var model: String { directory.path + "/model" }

    init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: Repository.path("Tests/Golden/variants/untied-projection"), toPath: model)
    }

    private func start(_ cache: String, _ precision: String = "int8") throws -> ServerRun {
        let server = try ServerRun(
            ["--model", model, "--compute-precision", precision],
            environment: ["SHOAL_MODEL_PACK_CACHE": cache])
        #expect(server.waitForLog("is ready"))
        return server
    }

    private func mappedBytes(_ server: ServerRun) throws -> Int {
        let lines = try server.ask("GET /metrics HTTP/1.1").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix("shoal_model_mapped_bytes{") }
        return Int(line?.split(separator: " ").last ?? "") ?? -1
    }

    private func translate(_ server: ServerRun) throws -> String {
        try server.ask("POST /translate HTTP/1.1", body: #"{"text": "Ein Mann."}"#).text
            .replacing(#/"[a-z_]*(ms|id)": ?[^,}]*/#, with: "")
    }

    @Test("maps what the first start packed, and answers the same", arguments: ["int8", "float32"])
    func again(precision: String) throws {
        let first = try start("beside", precision)
        #expect(first.waitForLog("are on disk for the next start"))
        #expect(try mappedBytes(first) == 0)
        let answer = try translate(first)
        first.send(SIGTERM)
        #expect(first.end() == 0)
        let second = try start("beside", precision)
        #expect(try mappedBytes(second) > 0)
        #expect(try translate(second) == answer)
        second.send(SIGTERM)
        #expect(second.end() == 0)
        let apart = try start("off", precision)
        #expect(try mappedBytes(apart) == 0)
        #expect(try translate(apart) == answer)
    }

    @Test("serves from a folder that cannot be written, and says why no weights are kept")
    func unwritable() throws {
        try directory.write([], to: "file")
        let server = try start(directory.path + "/file/packs")
        #expect(server.waitForLog("are not kept for the next start (model.pack_cache)"))
        #expect(try translate(server).contains("translation"))
    }
}
