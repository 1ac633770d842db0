import Foundation
import JSON
import TestSupport
import Testing

@Suite("The life of a server process", .timeLimit(.minutes(10)))
struct LifeCycleTests {
    private let body = #"{"text":"Zwei Hunde spielen im Schnee.","include":[]}"#

    @Test("SIGHUP loads the model again while requests are served, and SIGTERM ends with 0")
    func reload() throws {
        let server = try ServerRun()
        #expect(server.waitForLog("is ready"))
        let before = try server.ask("POST /translate HTTP/1.1", body: body)
        for _ in 0..<3 {
            server.send(SIGHUP)
            #expect(try server.ask("POST /translate HTTP/1.1", body: body).status == 200)
            #expect(server.waitForLog("is ready"))
        }
        let after = try server.ask("POST /translate HTTP/1.1", body: body)
        #expect(try translations(after) == translations(before))
        let metrics = try text(server.ask("GET /metrics HTTP/1.1"))
        // What was asked for; the server's own trials of a model are not counted.
        #expect(
            metrics.contains(
                #"shoal_translate_requests_total{model="tatoeba-de-en",result="ok"} 5"#))
        #expect(metrics.contains("\nshoal_queue_requests 0\n"))
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("A model that cannot be loaded again leaves the one that is there, and says why")
    func failedReload() throws {
        let directory = try TemporaryDirectory()
        let model = directory.path + "/model"
        try FileManager.default.copyItem(atPath: Repository.model, toPath: model)
        let server = try ServerRun(["--model", model])
        #expect(server.waitForLog("is ready"))
        try FileManager.default.removeItem(atPath: model + "/vocab.json")
        server.send(SIGHUP)
        #expect(server.waitForLog("the old model is in use still"))
        #expect(try #require(server.log.last).contains("vocab.json"))
        #expect(try server.ask("POST /translate HTTP/1.1", body: body).status == 200)
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("After SIGTERM /readyz fails and requests are served until drain_delay is over")
    func drainDelay() throws {
        let server = try ServerRun(["--shutdown-drain-delay", "3600s"])
        #expect(server.waitForLog("is ready"))
        #expect(try server.ask("GET /readyz HTTP/1.1").status == 200)
        server.send(SIGTERM)
        #expect(server.waitForLog("stopping"))
        #expect(try server.ask("GET /readyz HTTP/1.1").status == 503)
        #expect(try server.ask("GET /livez HTTP/1.1").status == 200)
        #expect(try server.ask("POST /translate HTTP/1.1", body: body).status == 200)
        server.send(SIGTERM)
        #expect(server.end() == 128 + SIGTERM)
    }

    @Test("SIGINT ends like SIGTERM, and a second one at once")
    func interrupt() throws {
        let server = try ServerRun()
        #expect(server.waitForLog("is ready"))
        server.send(SIGINT)
        #expect(server.end() == 0)
        let waiting = try ServerRun(["--shutdown-drain-delay", "3600s"])
        waiting.send(SIGINT)
        #expect(waiting.waitForLog("stopping"))
        waiting.send(SIGINT)
        #expect(waiting.end() == 128 + SIGINT)
    }

    @Test("What has not been answered when drain_timeout is over is cut, and the status is 0")
    func drainTimeout() throws {
        let server = try ServerRun(["--shutdown-drain-timeout", "100ms"])
        #expect(server.waitForLog("is ready"))
        // A request whose body never ends runs until its connection is cut.
        let client = try LoopbackClient(port: server.port)
        try client.send(
            "POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
                + "Expect: 100-continue\r\n\r\n")
        #expect(try client.head().status == 100)
        server.send(SIGTERM)
        #expect(client.reachesEnd())
        #expect(server.end() == 0)
    }

    @Test("A model that cannot be loaded at the start ends the process with 65 and the reason")
    func failedStart() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("not a checkpoint".utf8), to: "model.safetensors")
        let server = try ServerRun(["--model", directory.path])
        #expect(server.end() == 65)
        #expect(try #require(server.log.last).contains("config.json"))
    }

    @Test("A certificate that cannot be loaded again leaves the one that is there, and says why")
    func certificates() throws {
        let directory = try TemporaryDirectory()
        for name in ["server.pem", "server-key.pem"] {
            try directory.write(
                Repository.bytes("Tests/HTTPServerTests/Resources/" + name), to: name)
        }
        let certificate = directory.path + "/server.pem"
        let server = try ServerRun([
            "--tls-certificate", certificate, "--tls-key", directory.path + "/server-key.pem",
        ])
        #expect(try #require(server.log.last).contains("https://"))
        #expect(server.waitForLog("is ready"))
        try directory.write(Array("no certificate".utf8), to: "server.pem")
        server.send(SIGHUP)
        #expect(server.waitForLog(["the old certificates are in use still", "is ready"]))
        let line = server.log.first { $0.contains("the old certificates are in use still") }
        #expect(try #require(line).contains(certificate))
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test(
        "TLS files that do not go together end the process with 78",
        arguments: [
            (["--tls-certificate", "server.pem"], "tls.certificate and tls.key go together"),
            (["--tls-certificate", "server.pem", "--tls-key", "client-key.pem"], "client-key.pem"),
            (["--tls-certificate", "none.pem", "--tls-key", "server-key.pem"], "none.pem"),
        ] as [([String], String)])
    func badCertificates(flags: [String], text: String) throws {
        let folder = Repository.path("Tests/HTTPServerTests/Resources") + "/"
        let run = try Run(
            ["serve", "--port", "0"] + flags.map { $0.hasSuffix(".pem") ? folder + $0 : $0 })
        #expect(run.status == 78)
        #expect(run.error.contains(text))
    }

    @Test("In JSON every log line is an object with time, level and message, and none holds a text")
    func jsonLog() throws {
        let server = try ServerRun(["--log-format", "json", "--log-access", "true"])
        #expect(server.waitForLog("is ready"))
        #expect(try server.ask("POST /translate HTTP/1.1", body: body).status == 200)
        #expect(server.waitForLog("/translate"))
        server.send(SIGTERM)
        #expect(server.end() == 0)
        for line in server.log {
            let object = try #require(JSON.parse(Array(line.utf8)).objectValue)
            for name in ["time", "level", "message"] { #expect(object[name] != nil) }
            #expect(!line.contains("Hunde"))
            guard object["message"] == .string("request") else { continue }
            #expect(object["status"] == .integer(200))
            #expect(object["texts"] == .integer(1))
            guard case .number = object["duration_ms"] else {
                Issue.record("duration_ms is no number")
                continue
            }
        }
    }

    @Test("A request that HTTP itself forbids has its line in the access log, as any other")
    func refusalsInLog() throws {
        let server = try ServerRun(["--log-format", "json", "--log-access", "true"])
        for (request, status, route) in [
            (
                "POST /translate HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413,
                "/translate"
            ),
            ("POST /translate HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417, "/translate"),
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n", 414, "other"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "other"),
        ] {
            let client = try LoopbackClient(port: server.port)
            try client.send(request)
            let response = try client.response()
            #expect(response.status == status)
            let id = try #require(response["x-request-id"])
            #expect(server.waitForLog(id))
            let line = try #require(server.log.last)
            let object = try #require(JSON.parse(Array(line.utf8)).objectValue)
            #expect(object["status"] == .integer(Int64(status)))
            #expect(object["route"] == .string(route))
        }
        let metrics = try text(server.ask("GET /metrics HTTP/1.1"))
        #expect(
            metrics.contains(
                #"shoal_http_requests_total{method="POST",route="/translate",code="413"} 1"#))
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test("systemd hears when the process is ready, reloads and stops")
    func serviceManager() throws {
        let directory = try TemporaryDirectory()
        let socket = try NotifySocket(path: directory.path + "/notify")
        let server = try ServerRun(environment: ["NOTIFY_SOCKET": socket.path])
        #expect(try socket.next().hasPrefix("READY=1\n"))
        server.send(SIGHUP)
        #expect(try socket.next().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(try socket.next().hasPrefix("READY=1\n"))
        server.send(SIGTERM)
        #expect(try socket.next() == "STOPPING=1")
        #expect(server.end() == 0)
    }

    private func text(_ response: LoopbackClient.Response) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    private func translations(_ response: LoopbackClient.Response) throws -> JSONValue? {
        try JSON.parse(response.body).objectValue?["translations"]
    }
}
