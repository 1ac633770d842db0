import HTTPServer
import HTTPTypes
import HTTPWire
import System
import TestSupport
import Testing

@Suite("Responses in parts over loopback", .serialized, .timeLimit(.minutes(10)))
struct StreamTests {
    private let begin = ServerResponse(status: 200, body: Array("0".utf8), route: "/stream")

    @Test(
        "Each part arrives before the next one is given, and the record counts the body",
        arguments: Wire.allCases)
    func parts(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        exchange.begin(begin)
        #expect(try client.head()["transfer-encoding"] == "chunked")
        #expect(try client.chunk() == Array("0".utf8))
        for part in ["one", "two"] {
            exchange.write(Array(part.utf8))
            #expect(try client.chunk() == Array(part.utf8))
        }
        exchange.end()
        #expect(try client.chunk() == nil)
        let record = try #require(fixture.notes.records.take())
        #expect(record.route == "/stream")
        #expect(record.bodyBytes == 7)
    }

    @Test(
        "A request sent behind one that is being streamed is answered after it",
        arguments: Wire.allCases)
    func pipelined(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        try client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        exchange.begin(begin)
        exchange.write(Array("1".utf8))
        exchange.end()
        exchange.write(Array("late".utf8))
        exchange.respond(ServerResponse(status: 500))
        #expect(try client.response().text == "01")
        #expect(try client.response().text == "GET /next ")
    }

    @Test("HTTP/1.0 reads until the close, HEAD gets the head only", arguments: Wire.allCases)
    func withoutChunks(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        for (line, expected) in [("GET /later HTTP/1.0", "01"), ("HEAD /later HTTP/1.1", "")] {
            let client = try fixture.connect()
            let exchange = try fixture.hold(client, line)
            exchange.begin(begin)
            exchange.write(Array("1".utf8))
            exchange.end()
            let head = try client.head()
            #expect(head["transfer-encoding"] == nil)
            #expect(head["content-length"] == nil)
            client.finishSending()
            #expect(String(decoding: try client.rest(), as: UTF8.self) == expected)
        }
    }

    @Test("Parts given by several threads arrive whole", arguments: Wire.allCases)
    func threads(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        exchange.begin(ServerResponse(status: 200))
        let done = Channel<Void>()
        for digit in UInt8(ascii: "0")...UInt8(ascii: "3") {
            #expect(
                WorkerThread.start {
                    for _ in 0..<200 { exchange.write([UInt8](repeating: digit, count: 9)) }
                    done.put(())
                })
        }
        for _ in 0..<4 { #expect(done.take() != nil) }
        exchange.end()
        #expect(try client.head().status == 200)
        var count = 0
        while let chunk = try client.chunk() {
            #expect(chunk == [UInt8](repeating: chunk[0], count: 9))
            count += 1
        }
        #expect(count == 800)
    }

    @Test(
        "A client that goes in the middle cancels its stream", arguments: Wire.allCases,
        [false, true])
    func gone(wire: Wire, byReset: Bool) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        exchange.begin(begin)
        #expect(try client.head().status == 200)
        if byReset { client.reset() } else { client.finishSending() }
        #expect(fixture.handler.cancelled.take() == "gone")
        exchange.write(Array("late".utf8))
        exchange.end()
        guard !byReset else { return }
        #expect(try client.chunk() == Array("0".utf8))
        #expect(try client.chunk() == Array("late".utf8))
        #expect(try client.chunk() == nil)
        #expect(client.reachesEnd())
    }

    @Test(
        "A client that does not read is cut off before much waits for it", arguments: Wire.allCases)
    func slowReader(wire: Wire) throws {
        let fixture = try Fixture(wire) { $0.limits.unsentStreamBytes = 100_000 }
        defer { fixture.stop() }
        let client = try fixture.connect(receiveBuffer: 4096)
        let exchange = try fixture.hold(client)
        let isCut = Lock(false)
        exchange.onCancel { isCut.withLock { $0 = true } }
        exchange.begin(begin)
        // More than the kernel's buffers ever hold.
        var parts = 0
        while !isCut.withLock({ $0 }), parts < 100_000 {
            exchange.write([UInt8](repeating: 0x78, count: 10_000))
            parts += 1
        }
        #expect(fixture.handler.cancelled.take() == "gone")
        #expect(fixture.notes.closed.take() != nil)
        client.close()
    }

    @Test("Shutting down waits for the end of a stream", arguments: Wire.allCases)
    func shutdown(wire: Wire) throws {
        let fixture = try Fixture(wire)
        let client = try fixture.connect()
        let exchange = try fixture.hold(client)
        exchange.begin(begin)
        #expect(try client.head().status == 200)
        let stopped = Channel<Void>()
        fixture.server.shutdown(timeout: 10) { stopped.put(()) }
        exchange.write(Array("1".utf8))
        exchange.end()
        for expected in ["0", "1"] { #expect(try client.chunk() == Array(expected.utf8)) }
        #expect(try client.chunk() == nil)
        #expect(client.reachesEnd())
        #expect(stopped.take() != nil)
    }

    @Test("What the handler wants logged reaches the observer and not the client")
    func logFields() throws {
        let fixture = try Fixture()
        defer { fixture.stop() }
        let client = try fixture.connect()
        var response = begin
        response.logFields = [LogField("model", .text("m1"))]
        try fixture.hold(client).respond(response)
        #expect(try client.response().fields.map(\.name) == ["date", "content-length"])
        let record = try #require(fixture.notes.records.take())
        #expect(record.logFields.map(\.name) == ["model"])
        #expect(record.logFields.map(\.value) == [.text("m1")])
    }

    @Test("What is known at the end of a stream is logged with what was known at its start")
    func logFieldsOfStream() throws {
        let fixture = try Fixture()
        defer { fixture.stop() }
        let client = try fixture.connect()
        var response = begin
        response.logFields = [LogField("model", .text("m1"))]
        let exchange = try fixture.hold(client)
        exchange.begin(response)
        exchange.end(logFields: [LogField("tokens", .integer(7))])
        let record = try #require(fixture.notes.records.take())
        #expect(record.logFields.map(\.name) == ["model", "tokens"])
    }
}
