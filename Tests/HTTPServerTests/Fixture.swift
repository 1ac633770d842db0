import HTTPServer
import HTTPTypes
import HTTPWire
import TestSupport
import Testing

/// Echoes a request at once, "/peer" with the address it came from; "/later" keeps its exchange until the
/// test asks for it.
final class EchoHandler: RequestHandler {
    let held = Channel<Exchange>()
    let cancelled = Channel<String>()
    /// What lets the server go on that `/stop` has stopped.
    let released = Channel<Void>()

    func handle(_ request: ServerRequest, _ exchange: Exchange) {
        if request.path == "/stop" { _ = released.take() }
        guard !["/later", "/stop"].contains(request.path) else {
            exchange.onCancel { [cancelled] in cancelled.put("gone") }
            held.put(exchange)
            return
        }
        let length = request.query.flatMap { Int($0) }
        exchange.respond(
            ServerResponse(
                status: 200,
                body: length.map { [UInt8](repeating: 0x78, count: $0) }
                    ?? Array("\(request.method) \(request.path) ".utf8)
                    + (request.path == "/peer" ? Array(request.peerAddress.utf8) : request.body),
                route: "/echo"))
    }

    func response(to failure: HTTPFailure, of head: RequestHead) -> ServerResponse {
        ServerResponse(
            status: failure.status, body: Array(failure.code.rawValue.utf8),
            route: head.path)
    }
}

/// Notes what the server reports.
final class Notes: ServerObserver {
    let opened = Channel<Void>()
    let closed = Channel<Void>()
    let failedHandshakes = Channel<Void>()
    let failures = Channel<HTTPFailure>()
    let records = Channel<RequestRecord>()

    func connectionOpened() { opened.put(()) }
    func connectionClosed() { closed.put(()) }
    func handshakeFailed() { failedHandshakes.put(()) }
    func failed(_ failure: HTTPFailure) { failures.put(failure) }
    func finished(_ record: RequestRecord) { records.put(record) }
}

/// What the bytes of HTTP travel in.
enum Wire: CaseIterable {
    case plain
    case tls
}

/// A running server with its handler and observer.
struct Fixture {
    let handler = EchoHandler()
    let notes = Notes()
    let server: HTTPServer
    private let wire: Wire

    init(_ wire: Wire = .plain, _ change: (inout ServerConfiguration) throws -> Void = { _ in })
        throws
    {
        self.wire = wire
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.timeouts.farewell = 0
        if wire == .tls { configuration.tls = try TestCertificates.configuration() }
        try change(&configuration)
        server = try HTTPServer.start(configuration, handler: handler, observer: notes)
    }

    /// A client whose kernel keeps as many bytes for it as `receiveBuffer` says; nil: its choice.
    func connect(receiveBuffer: Int32? = nil) throws -> LoopbackClient {
        let socket = try SocketStream(port: server.address.port, receiveBuffer: receiveBuffer)
        return LoopbackClient(wire == .tls ? try TLSStream(socket) : socket)
    }

    /// A connection with TLS options.
    func secure(_ options: TLSClientOptions = TLSClientOptions()) throws -> TLSStream {
        try TLSStream(try SocketStream(port: server.address.port), options)
    }

    /// Has a client ask for an answer that the test gives through the exchange.
    func hold(_ client: LoopbackClient, _ requestLine: String = "GET /later HTTP/1.1") throws
        -> Exchange
    {
        try client.send("\(requestLine)\r\nHost: x\r\n\r\n")
        return try #require(handler.held.take())
    }

    /// Shuts the server down and waits until it has.
    func stop(timeout: Double = 5) {
        let stopped = Channel<Void>()
        server.shutdown(timeout: timeout) { stopped.put(()) }
        _ = stopped.take()
    }
}
