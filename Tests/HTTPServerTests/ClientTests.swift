import HTTPServer
import HTTPWire
import System
import TestSupport
import Testing

@Suite("Clients that go, stall or come in crowds", .serialized, .timeLimit(.minutes(10)))
struct ClientTests {
    private let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test(
        "A client that resets or ends its connection cancels its request", arguments: [false, true])
    func gone(byReset: Bool) throws {
        let fixture = try Fixture()
        defer { fixture.stop() }
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        if byReset { client.reset() } else { client.close() }
        #expect(fixture.handler.cancelled.take() == "gone")
        exchange.respond(ServerResponse(status: 200))
        let late = Channel<Bool>()
        exchange.onCancel { late.put(true) }
        #expect(late.take() == true)
    }

    @Test(
        "A client that only finished sending still gets the answer that is given nevertheless",
        arguments: Wire.allCases)
    func halfClose(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        client.finishSending()
        #expect(fixture.handler.cancelled.take() == "gone")
        exchange.respond(ServerResponse(status: 200))
        let response = try client.response()
        #expect(response.status == 200)
        #expect(response["connection"] == "close")
        #expect(client.reachesEnd())
    }

    @Test(
        "Requests that came before the end of the input are answered at once",
        arguments: Wire.allCases)
    func immediateAnswers(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send(request + request)
        client.finishSending()
        #expect(try client.response().text == "GET /a ")
        #expect(try client.response().text == "GET /a ")
        #expect(client.reachesEnd())
    }

    @Test(
        "A client that has gone and is not answered does not keep its place",
        arguments: Wire.allCases)
    func unanswered(wire: Wire) throws {
        let fixture = try Fixture(wire) { $0.timeouts.linger = 0.05 }
        defer { fixture.stop() }
        let client = try fixture.connect()
        _ = try fixture.hold(client)
        client.finishSending()
        #expect(client.reachesEnd())
    }

    @Test("Clients that go on connecting do not keep the server from those who are there")
    func flood() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s"
        let fixture = try Fixture {
            $0.host = "unix:" + path
            $0.maximumConnections = 16
        }
        defer { fixture.stop() }
        let client = LoopbackClient(try SocketStream(path: path))
        let exchange = try fixture.hold(client)
        exchange.begin(ServerResponse(status: 200))
        #expect(try client.head().status == 200)
        let (isOver, gone) = (Lock(false), Channel<Void>())
        for _ in 0..<4 {
            let started = WorkerThread.start {
                while !isOver.withLock({ $0 }) { _ = try? SocketStream(path: path) }
                gone.put(())
            }
            #expect(started)
        }
        for _ in 0..<100 {
            exchange.write(Array("part".utf8))
            #expect(try client.chunk() == Array("part".utf8))
        }
        isOver.withLock { $0 = true }
        for _ in 0..<4 { #expect(gone.take() != nil) }
        exchange.end()
        #expect(try client.chunk() == nil)
    }

    @Test("A newcomer takes the place of the longest idle, then of a slow head, never of a request")
    func eviction() throws {
        let fixture = try Fixture { $0.maximumConnections = 2 }
        defer { fixture.stop() }
        let idle = try fixture.connect()
        try idle.send(request)
        #expect(try idle.response().status == 200)
        let slow = try fixture.connect()
        try slow.send("GET / HTTP/1.1\r\nX: ")
        let first = try fixture.connect()
        let held = try fixture.hold(first)
        #expect(idle.reachesEnd())
        let second = try fixture.connect()
        _ = try fixture.hold(second)
        #expect(slow.reachesEnd())
        let waiting = try fixture.connect()
        try waiting.send(request)
        held.respond(ServerResponse(status: 200))
        #expect(try first.response().status == 200)
        #expect(try waiting.response().text == "GET /a ")
    }

    @Test("Of newcomers that were taken in together the first goes first")
    func evictionAmongEquals() throws {
        let fixture = try Fixture { $0.maximumConnections = 9 }
        defer { fixture.stop() }
        let busy = try fixture.connect()
        try busy.send("GET /stop HTTP/1.1\r\nHost: x\r\n\r\n")
        // They wait until the server goes on, or come one by one before it stops: either way in this order.
        let crowd = try (0..<8).map { _ in try fixture.connect() }
        fixture.handler.released.put(())
        let exchange = try #require(fixture.handler.held.take())
        for _ in 0..<4 {
            let newcomer = try fixture.connect()
            try newcomer.send(request)
            #expect(try newcomer.response().status == 200)
            // Its place is free again once the server has seen it go.
            newcomer.close()
        }
        #expect(crowd[0].reachesEnd())
        try crowd[7].send(request)
        #expect(try crowd[7].response().status == 200)
        exchange.respond(ServerResponse(status: 200))
    }

    @Test(
        "A crowd of clients that send heads or bodies byte by byte does not shut out others",
        arguments: [
            "GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
        ])
    func slowRequests(start: String) throws {
        let fixture = try Fixture { $0.maximumConnections = 8 }
        defer { fixture.stop() }
        let crowd = try (0..<40).map { _ in try fixture.connect() }
        for client in crowd { try? client.send(start) }
        for _ in 0..<3 {
            let client = try fixture.connect()
            try client.send(request)
            #expect(try client.response().text == "GET /a ")
        }
        for client in crowd { client.close() }
    }
}
