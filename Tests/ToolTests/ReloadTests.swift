import Foundation
import TestSupport
import Testing

@Suite("Files that change under a server", .timeLimit(.minutes(10)))
struct ReloadTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private let body = #"{"text":"Zwei Hunde spielen im Schnee.","include":[]}"#

    /// A file of keys with one key, which is returned.
    private func writeKey(_ name: String, to file: String = "keys") throws -> String {
        let run = try Run("generate-key", name)
        try directory.write(Array(run.output.utf8), to: file)
        return String(run.error.trimmingPrefix("key: ").prefix { $0 != "\n" })
    }

    private func status(_ server: ServerRun, _ key: String) throws -> Int {
        try server.ask("POST /translate HTTP/1.1\r\nX-Api-Key: \(key)", body: body).status
    }

    private func metric(_ server: ServerRun, _ name: String) throws -> Double? {
        let text = try server.ask("GET /metrics HTTP/1.1").text
        return text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    @Test("A pipe in the model's place holds up neither keys nor later models")
    func pipe() throws {
        let model = directory.path + "/model"
        try FileManager.default.copyItem(atPath: Repository.model, toPath: model)
        let first = try writeKey("first")
        let server = try ServerRun([
            "--model", model, "--auth-keys-file", directory.path + "/keys",
            "--reload-watch-interval", "0s",
        ])
        #expect(server.waitForLog("is ready"))
        #expect(try status(server, first) == 200)
        let weights = model + "/model.safetensors"
        try FileManager.default.moveItem(atPath: weights, toPath: weights + ".away")
        try directory.makePipe("model/model.safetensors")
        let second = try writeKey("second")
        server.send(SIGHUP)
        #expect(server.waitForLog(["read the keys again", "the old model is in use still"]))
        #expect(try server.ask("GET /readyz HTTP/1.1").status == 200)
        #expect(try status(server, first) == 401)
        #expect(try status(server, second) == 200)
        #expect(try metric(server, #"shoal_reload_last_successful{kind="model"}"#) == 0)
        #expect(try metric(server, #"shoal_reload_last_successful{kind="keys"}"#) == 1)
        #expect(try metric(server, #"shoal_reloads_total{kind="model",result="failed"}"#) == 1)
        try FileManager.default.removeItem(atPath: weights)
        try FileManager.default.moveItem(atPath: weights + ".away", toPath: weights)
        server.send(SIGHUP)
        #expect(server.waitForLog(["read the keys again", "read the model again"]))
        #expect(try metric(server, #"shoal_reload_last_successful{kind="model"}"#) == 1)
        let time = #"shoal_reload_last_success_timestamp_seconds{kind="model"}"#
        #expect(try #require(try metric(server, time)) > 1.7e9)
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("A pipe in the place of keys or certificates is told and not waited for")
    func otherPipes() throws {
        for name in ["server.pem", "server-key.pem"] {
            try directory.write(
                Repository.bytes("Tests/HTTPServerTests/Resources/" + name), to: name)
        }
        _ = try writeKey("first")
        let server = try ServerRun([
            "--auth-keys-file", directory.path + "/keys", "--reload-watch-interval", "0s",
            "--tls-certificate", directory.path + "/server.pem",
            "--tls-key", directory.path + "/server-key.pem", "--reload-timeout", "5s",
        ])
        #expect(server.waitForLog("is ready"))
        for name in ["server.pem", "server-key.pem", "keys"] {
            directory.remove(name)
            try directory.makePipe(name)
        }
        server.send(SIGHUP)
        #expect(
            server.waitForLog([
                "the old keys are in use still", "the old certificates are in use still",
                "read the model again",
            ]))
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("Keys that are renamed into place hold without a signal")
    func watchedKeys() throws {
        let first = try writeKey("first")
        let server = try ServerRun([
            "--auth-keys-file", directory.path + "/keys", "--reload-watch-interval", "20ms",
        ])
        #expect(server.waitForLog("is ready"))
        let second = try writeKey("second", to: "fresh")
        rename(directory.path + "/fresh", directory.path + "/keys")
        #expect(server.waitForLog(["files of the keys have changed", "read the keys again"]))
        #expect(try status(server, first) == 401)
        #expect(try status(server, second) == 200)
        directory.remove("keys")
        #expect(server.waitForLog("the old keys are in use still"))
        #expect(try status(server, second) == 200)
    }

    @Test("Certificates in a volume of Kubernetes are read when its link is led elsewhere")
    func watchedCertificates() throws {
        for (folder, name) in [("1", "server"), ("2", "client")] {
            try directory.makeDirectory(folder)
            for (file, source) in [("tls.crt", "\(name).pem"), ("tls.key", "\(name)-key.pem")] {
                try directory.write(
                    Repository.bytes("Tests/HTTPServerTests/Resources/" + source),
                    to: "\(folder)/\(file)")
            }
        }
        try directory.makeLink("..data", to: "1")
        for name in ["tls.crt", "tls.key"] { try directory.makeLink(name, to: "..data/" + name) }
        let server = try ServerRun([
            "--tls-certificate", directory.path + "/tls.crt",
            "--tls-key", directory.path + "/tls.key", "--reload-watch-interval", "20ms",
        ])
        #expect(server.waitForLog("is ready"))
        try directory.makeLink("..data_tmp", to: "2")
        rename(directory.path + "/..data_tmp", directory.path + "/..data")
        #expect(server.waitForLog("read the certificates again"))
    }

    @Test("A watched model is read again when its directory is replaced, by one of another depth")
    func otherDepth() throws {
        let model = directory.path + "/model"
        try FileManager.default.copyItem(atPath: Repository.model, toPath: model)
        let server = try ServerRun([
            "--model", model, "--reload-watch-interval", "20ms", "--reload-watch-model", "true",
        ])
        #expect(server.waitForLog("is ready"))
        func layers() throws -> Int {
            let answer = try server.ask("GET /models HTTP/1.1").text
            return try #require(
                answer.firstMatch(of: /"(?:decoder_layers|layers)":\s*(\d+)/).flatMap { Int($0.1) })
        }
        #expect(try layers() == 6)
        try FileManager.default.copyItem(
            atPath: Repository.path("Tests/Golden/variants/untied-projection"),
            toPath: directory.path + "/other")
        try FileManager.default.moveItem(atPath: model, toPath: directory.path + "/old")
        try FileManager.default.moveItem(atPath: directory.path + "/other", toPath: model)
        #expect(server.waitForLog("read the model again"))
        #expect(try layers() == 3)
        let answer = try server.ask("POST /translate HTTP/1.1", body: #"{"text":"Ein Hund."}"#)
        #expect(answer.status == 200)
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }
}
