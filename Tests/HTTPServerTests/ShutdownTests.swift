import HTTPServer
import HTTPWire
import TestSupport
import Testing

@Suite("Starting and shutting down a server", .serialized, .timeLimit(.minutes(10)))
struct ShutdownTests {
    @Test("A running request is finished, and its answer says that the connection closes")
    func running() throws {
        let fixture = try Fixture()
        let (idle, busy) = (try fixture.connect(), try fixture.connect())
        try idle.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try idle.response().status == 200)
        try busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        let exchange = try #require(fixture.handler.held.take())
        let stopped = Channel<Void>()
        fixture.server.shutdown(timeout: 10) { stopped.put(()) }
        #expect(idle.reachesEnd())
        #expect(throws: LoopbackClient.Failure.self) { try fixture.connect() }
        exchange.respond(ServerResponse(status: 200))
        #expect(try busy.response()["connection"] == "close")
        busy.close()
        #expect(stopped.take() != nil)
    }

    @Test("A last request on an idle connection is answered, and says that the connection closes")
    func farewell() throws {
        let fixture = try Fixture { $0.timeouts.farewell = 10 }
        let client = try fixture.connect()
        try client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response()["connection"] == nil)
        let stopped = Channel<Void>()
        fixture.server.shutdown(timeout: 20) { stopped.put(()) }
        // Connections that the kernel has queued are taken in still. One at a time, so that none is pushed out for another.
        #expect(throws: LoopbackClient.Failure.self) {
            for _ in 0..<100_000 {
                let other = try fixture.connect()
                try other.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try other.response()
            }
        }
        try client.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        let response = try client.response()
        #expect(response.status == 200 && response["connection"] == "close")
        client.close()
        #expect(stopped.take() != nil)
    }

    @Test("A request that never ends is cancelled when the time is over")
    func forced() throws {
        let fixture = try Fixture()
        let client = try fixture.connect()
        try client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
        let exchange = try #require(fixture.handler.held.take())
        fixture.stop(timeout: 0)
        #expect(fixture.handler.cancelled.take() == "gone")
        #expect(client.reachesEnd())
        exchange.respond(ServerResponse(status: 200))
    }

    @Test("Shutting down again completes, while running and afterwards")
    func again() throws {
        let fixture = try Fixture()
        let both = Channel<Void>()
        fixture.server.shutdown(timeout: 1) { both.put(()) }
        fixture.server.shutdown(timeout: 1) { both.put(()) }
        #expect(both.take() != nil)
        #expect(both.take() != nil)
        fixture.stop()
    }

    @Test("Every connection that opened is reported closed")
    func observer() throws {
        let fixture = try Fixture()
        let clients = try (0..<3).map { _ in try fixture.connect() }
        for _ in clients { #expect(fixture.notes.opened.take() != nil) }
        fixture.stop()
        for _ in clients { #expect(fixture.notes.closed.take() != nil) }
    }

    @Test(
        "A server listens on IPv6 and on a port that can be taken again at once",
        .enabled(if: Loopback.hasIPv6))
    func addresses() throws {
        let first = try Fixture { $0.host = "::" }
        #expect(first.server.address.host == "::")
        let port = first.server.address.port
        let client = try first.connect()
        try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().status == 200)
        first.stop()
        let second = try Fixture {
            $0.host = "::"
            $0.port = port
        }
        #expect(second.server.address.port == port)
        second.stop()
    }

    @Test("Requests on a Unix socket come from no address, and its file goes with the server")
    func unixSocket() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s"
        let fixture = try Fixture { $0.host = "unix:" + path }
        #expect(fixture.server.address.description == "unix:" + path)
        let client = LoopbackClient(try SocketStream(path: path))
        try client.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().text == "GET /peer ")
        client.close()
        fixture.stop()
        #expect(throws: LoopbackClient.Failure.self) { try SocketStream(path: path) }
        let next = try Fixture { $0.host = "unix:" + path }
        next.stop()
    }

    @Test("A server whose clients have taken all places still hears those who watch it")
    func operations() throws {
        let fixture = try Fixture {
            $0.maximumConnections = 1
            $0.operations = ListenerConfiguration(port: 0)
        }
        defer { fixture.stop() }
        let busy = try fixture.hold(try fixture.connect())
        let port = try #require(fixture.server.operationsAddress?.port)
        let watcher = try LoopbackClient(port: port)
        try watcher.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try watcher.response().status == 200)
        busy.respond(ServerResponse(status: 200))
    }

    @Test("A port in use, a wrong port and an unknown host are told apart")
    func errors() throws {
        func code(_ change: (inout ServerConfiguration) -> Void) -> HTTPServerError.Code? {
            do {
                try Fixture(.plain, change).stop()
                return nil
            } catch {
                return (error as? HTTPServerError)?.code
            }
        }
        let fixture = try Fixture()
        defer { fixture.stop() }
        #expect(code { $0.port = fixture.server.address.port } == .cannotListen)
        #expect(code { $0.port = 65_536 } == .invalidPort)
        #expect(code { $0.host = "256.0.0.1.invalid" } == .unknownHost)
        #expect(code { $0.host = "127.0.0.1:80" } == .invalidHost)
    }
}
