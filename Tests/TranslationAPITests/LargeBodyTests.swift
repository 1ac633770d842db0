import Compression
import HTTPTypes
import HTTPWire
import JSON
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

/// Large bodies wait until the side work that `occupy` began is let go, so no test depends on time.
@Suite("Bodies that are read beside the event loop")
struct LargeBodyTests {
    private static let small = Array(#"{"text":"Ein Hund."}"#.utf8)
    private static let blanks = [UInt8](repeating: 0x20, count: 16384)
    private static let large = small + blanks

    private func request(
        _ path: String, _ body: [UInt8], _ fields: HTTPFields = [:]
    ) -> ServerRequest {
        var fields = fields
        fields[.contentType] = "application/json"
        return ServerRequest(method: "POST", target: path, path: path, fields: fields, body: body)
    }

    private func ask(
        _ server: TestServer, _ path: String, _ body: [UInt8], _ fields: HTTPFields = [:]
    ) -> Recorder {
        let recorder = Recorder()
        server.api.handle(request(path, body, fields), recorder)
        return recorder
    }

    /// Keeps the thread beside the event loop until its recorder is let go.
    private func occupy(_ server: TestServer, _ fields: HTTPFields = [:]) -> Recorder {
        let recorder = Recorder(holdsUp: true)
        server.api.handle(request("/tokenize", Self.small, fields), recorder)
        _ = recorder.head
        return recorder
    }

    private func metric(_ server: TestServer, _ line: String) throws -> Bool {
        try server.ask("GET", "/metrics").text.contains(line + "\n")
    }

    @Test("A large body is read beside the event loop, in turn, and not for a client that is gone")
    func turns() throws {
        let server = try TestServer()
        let busy = occupy(server)
        let waiting = ask(server, "/translate", Self.large)
        let packed = ask(
            server, "/translate", Gzip.compress(Self.small), [.contentEncoding: "gzip"])
        let gone = ask(server, "/translate", Self.large)
        #expect(ask(server, "/translate", Self.small).finished.status == 200)
        #expect(!waiting.hasHead && !packed.hasHead && !gone.hasHead)
        #expect(try metric(server, "shoal_side_work_requests 4"))
        gone.leave()
        busy.letGo()
        #expect(waiting.finished.status == 200)
        #expect(packed.finished.status == 200)
        #expect(gone.finished.status == 503)
        let cancelled =
            #"shoal_translate_requests_total{model="multi30k-de-en",result="cancelled"} 1"#
        #expect(try metric(server, cancelled))
        server.close()
    }

    @Test("Where too many large bodies wait, one more is refused and counted")
    func tooMany() throws {
        let server = try TestServer()
        let busy = occupy(server)
        let taken = (0..<63).map { _ in ask(server, "/translate", Self.large) }
        #expect(ask(server, "/translate", Self.large).finished.status == 503)
        let rejected =
            #"shoal_translate_requests_total{model="multi30k-de-en",result="rejected"} 1"#
        #expect(try metric(server, rejected))
        #expect(try metric(server, #"shoal_rejected_requests_total{reason="overloaded"} 1"#))
        busy.letGo()
        #expect(taken.allSatisfy { $0.finished.status == 200 })
        server.close()
    }

    @Test("Clients whose key is still to be read take few of the places")
    func strangers() throws {
        let server = try TestServer()
        let keys = "reader sha256=\(String(repeating: "ab", count: 32))\n"
        server.api.replaceKeys(
            try APIKeys(keys) { key in
                [UInt8](repeating: key.isEmpty ? 0 : 0xab, count: 32)
            })
        let key: HTTPFields = [.authorization: "Bearer secret"]
        let busy = occupy(server, key)
        let body = Array(#"{"q":"Ein Hund.","target":"en","api_key":"secret"}"#.utf8) + Self.blanks
        let strangers = (0..<9).map { _ in ask(server, "/translate", body) }
        #expect(strangers[8].finished.status == 503)
        let known = ask(server, "/translate", Self.large, key)
        let none = ask(server, "/tokenize", Self.large)
        #expect(none.finished.status == 401)
        busy.letGo()
        #expect(known.finished.status == 200)
        #expect(strangers[..<8].allSatisfy { $0.finished.status == 200 })
        server.close()
    }

    @Test("A body that was waiting while another model took over is translated by that one")
    func reload() throws {
        let server = try TestServer()
        let busy = occupy(server)
        let waiting = ask(server, "/translate", Self.large)
        let old = try #require(server.api.stage.service)
        let model = try Shipped.model()
        let new = try TranslationService(
            model: model, configuration: .init(),
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
        server.api.enter(.serving(new))
        old.stop()
        busy.letGo()
        #expect(waiting.finished.status == 200)
        server.close()
    }

    @Test("The time that a body waits to be read is part of its request's time")
    func deadline() throws {
        let clock = TestClock()
        let server = try TestServer {
            $0.clock = clock.api
            $0.limits.timeout = 5
        }
        let busy = occupy(server)
        let waiting = ask(server, "/translate", Self.large)
        clock.advance(by: 6)
        busy.letGo()
        #expect(waiting.finished.status == 504)
        server.close()
    }
}
