import Foundation
import TestSupport
import Testing

@Suite("A server whose certificate does not hold", .timeLimit(.minutes(10)))
struct WatchedCertificateTests {
    @Test(
        "logs that once without a text, shows it as a metric, keeps it at a reload, and over a restart"
    )
    func refuted() throws {
        let directory = try Repository.linkedModel(leavingOut: ["exits.json"])
        try directory.write(
            Repository.bytes("models/multi30k-de-en/exits.json"), to: "exits.json")
        let sample = Repository.path("models/multi30k-de-en/sample.de")
        let run = try Run([
            "certify", "--model", directory.path, sample, "--policy", "fixed", "--delta", "0.9",
        ])
        #expect(run.status == 0)
        let exits = String(
            decoding: try Data(contentsOf: URL(filePath: directory.path + "/exits.json")),
            as: UTF8.self)
        let falsified = exits.replacing(/"delta": *0.9/, with: #""delta":0.001"#)
        #expect(falsified != exits)
        try directory.write(Array(falsified.utf8), to: "exits.json")
        let state = try TemporaryDirectory()
        let flags = [
            "--model", directory.path, "--exit-watch-share", "1", "--exit-watch-state",
            state.path + "/watch",
        ]
        let server = try ServerRun(flags)
        #expect(server.waitForLog("is ready"))
        let texts = try String(decoding: Data(contentsOf: URL(filePath: sample)), as: UTF8.self)
            .split(separator: "\n").map { "\"\($0)\"" }.joined(separator: ",")
        let body =
            #"{"text":[\#(texts)],"exit":{"guarantee":{"risk":"chrf","delta":0.001}},"include":[]}"#
        func translate(_ server: ServerRun) throws -> String {
            try server.ask("POST /translate HTTP/1.1", body: body).text
        }
        #expect(try translate(server).contains(#""refuted":false"#))
        #expect(server.waitForLog("a certificate is refuted"))
        #expect(try translate(server).contains(#""refuted":true"#))
        server.send(SIGHUP)
        #expect(server.waitForLog("read the model again"))
        #expect(try translate(server).contains(#""refuted":true"#))
        let metrics = try server.ask("GET /metrics HTTP/1.1").text
        #expect(
            metrics.split(separator: "\n").contains {
                $0.hasPrefix("shoal_certificate_refuted{") && $0.hasSuffix(" 1")
            })
        server.send(SIGTERM)
        #expect(server.end() == 0)
        let next = try ServerRun(flags)
        #expect(next.waitForLog(["goes on from what was seen before", "is ready"]))
        #expect(try translate(next).contains(#""refuted":true"#))
        next.send(SIGTERM)
        #expect(next.end() == 0)
        #expect(!next.log.contains { $0.contains("a certificate is refuted") })
        try state.write(Array("shoal-watch 1".utf8), to: "watch")
        let last = try ServerRun(flags)
        #expect(last.waitForLog(["the watch of certificates begins anew", "is ready"]))
        #expect(try translate(last).contains(#""refuted":false"#))
    }
}
