import HTTPServer
import HTTPWire
import TestSupport
import Testing

@Suite("HTTP server over loopback", .serialized, .timeLimit(.minutes(10)))
struct ServerTests {
    @Test("A connection serves one request after another", arguments: Wire.allCases)
    func keepAlive(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        for path in ["/a", "/b", "/c"] {
            try client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try client.response()
            #expect(response.status == 200)
            #expect(response.text == "GET \(path) ")
            #expect(response["connection"] == nil)
            #expect(response["date"]?.hasSuffix(" GMT") == true)
        }
        #expect(fixture.notes.records.take()?.route == "/echo")
    }

    @Test(
        "Pipelined requests are answered in their order, and the last one closes",
        arguments: Wire.allCases)
    func pipelining(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        let paths = (0..<200).map { "/\($0)" }
        try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        try client.send(
            "POST /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        for path in paths { #expect(try client.response().text == "GET \(path) ") }
        let last = try client.response()
        #expect(last.text == "POST /end ok")
        #expect(last["connection"] == "close")
        #expect(client.reachesEnd())
    }

    @Test(
        "A chunked body arrives whole, and HEAD gets the length without the body",
        arguments: Wire.allCases)
    func bodies(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc")
        try client.send("\r\n2\r\nde\r\n0\r\n\r\n")
        #expect(try client.response().text == "POST / abcde")
        try client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response(toHead: true)["content-length"] == "8")
        _ = fixture.notes.records.take()
        #expect(fixture.notes.records.take()?.bodyBytes == 0)
    }

    @Test("Expect: 100-continue is answered before the body is sent", arguments: Wire.allCases)
    func expectation(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send(
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(try client.response().status == 100)
        try client.send("ok")
        #expect(try client.response().text == "POST / ok")
    }

    @Test("A response larger than the socket's buffers arrives whole", arguments: Wire.allCases)
    func largeResponse(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send(
            "GET /?8000000 HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.response().body.count == 8_000_000)
        #expect(try client.response().text == "GET /b ")
    }

    @Test("A path may begin with several slashes, which begin no authority")
    func slashes() throws {
        let fixture = try Fixture()
        defer { fixture.stop() }
        let client = try fixture.connect()
        for path in ["//translate", "///", "//x:y@z/a"] {
            try client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.response().text == "GET \(path) ")
        }
    }

    @Test("Two hundred connections are served side by side", arguments: Wire.allCases)
    func manyConnections(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let clients = try (0..<200).map { _ in try fixture.connect() }
        for client in clients { try client.send("GET /m HTTP/1.1\r\nHost: x\r\n\r\n") }
        for client in clients {
            #expect(try client.response().text == "GET /m ")
            client.close()
        }
    }

    @Test(
        "An answer may come later, from another thread, and only the first one counts",
        arguments: Wire.allCases)
    func laterAnswer(wire: Wire) throws {
        let fixture = try Fixture(wire)
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        let exchange = try #require(fixture.handler.held.take())
        exchange.respond(ServerResponse(status: 201))
        exchange.respond(ServerResponse(status: 202))
        #expect(try client.response().status == 201)
        #expect(try client.response().text == "GET /b ")
    }

    @Test(
        "A protocol failure is answered with its status, and the connection closes",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\nxxxx", 413),
            ("GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ])
    func failures(request: String, status: Int) throws {
        let fixture = try Fixture()
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send(request)
        let response = try client.response()
        #expect(response.status == status)
        #expect(response["connection"] == "close")
        #expect(client.reachesEnd())
        #expect(fixture.notes.failures.take()?.status == status)
        #expect(fixture.notes.records.take()?.status == status)
    }

    @Test(
        "What was read of a refused request is told to the handler and to the observer",
        arguments: [
            ("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", "POST", "/a"),
            ("PUT /a HTTP/1.1\r\nHost: x\r\nNo Name: x\r\n", "PUT", "/a"),
            ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz", "POST", "/a"),
            ("POST /a HTTP/2.0\r\n", "POST", "/a"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI", ""),
            ("GET /\(String(repeating: "a", count: 20_000))", "GET", ""),
            ("nonsense\r\n", "", ""), ("\u{1}", "", ""),
        ])
    func refused(request: String, method: String, path: String) throws {
        let fixture = try Fixture()
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send(request)
        if request.hasSuffix("z") { try client.send("\r\n") }
        #expect(try client.response().status >= 400)
        let record = try #require(fixture.notes.records.take())
        #expect(record.method == method)
        #expect(record.route == path)
        #expect(record.bodyBytes > 0)
    }

    @Test("A request says from which address it came, in figures, on any kind of listener")
    func peerAddress() throws {
        for host in ["127.0.0.1"] + (Loopback.hasIPv6 ? ["::"] : []) {
            let fixture = try Fixture { $0.host = host }
            defer { fixture.stop() }
            let client = try fixture.connect()
            try client.send("GET /peer HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.response().text == "GET /peer 127.0.0.1")
        }
    }

    @Test("A head that does not come in time is answered with 408")
    func timeout() throws {
        let fixture = try Fixture { $0.timeouts.head = 0.05 }
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send("GET / HTTP/1.1\r\n")
        #expect(try client.response().status == 408)
        #expect(client.reachesEnd())
    }

    @Test("An idle connection is closed", arguments: Wire.allCases)
    func idle(wire: Wire) throws {
        let fixture = try Fixture(wire) { $0.timeouts.idle = 0.1 }
        defer { fixture.stop() }
        #expect(try fixture.connect().reachesEnd())
    }

    @Test("A connection that does not read its response is closed", arguments: Wire.allCases)
    func stuck(wire: Wire) throws {
        let fixture = try Fixture(wire) { $0.timeouts.write = 0.1 }
        defer { fixture.stop() }
        let client = try fixture.connect()
        try client.send("GET /?64000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(fixture.notes.closed.take() != nil)
        client.close()
    }
}
