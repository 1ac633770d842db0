public import HTTPWire

/// What answers requests.
public protocol RequestHandler: Sendable {
    /// Takes one request, to be answered through the exchange now or later, from any thread.
    ///
    /// It runs on the event loop, which serves every connection, so it must not block. Every
    /// exchange must be answered in the end: the server itself sets no time for that.
    func handle(_ request: ServerRequest, _ exchange: Exchange)

    /// Makes the response to bytes that are no acceptable request; the connection closes after it.
    /// It runs on the event loop.
    ///
    /// - Parameters:
    ///   - failure: what is wrong with them.
    ///   - head: what was read of the request's head.
    /// - Returns: the whole response.
    func response(to failure: HTTPFailure, of head: RequestHead) -> ServerResponse
}

/// What is told about connections and requests; every call is made on the event loop and must not
/// block.
public protocol ServerObserver: Sendable {
    /// A connection was accepted.
    func connectionOpened()
    /// A connection that was opened is gone, for whatever reason.
    func connectionClosed()
    /// A connection ended before its TLS handshake did, by whatever cause; its close is reported too.
    func handshakeFailed()
    /// A protocol failure is about to be answered; the record of the answer follows, as for a request.
    func failed(_ failure: HTTPFailure)
    /// The last byte of a response was handed to the kernel.
    func finished(_ record: RequestRecord)
}

/// A way into a server: a listener, and what serves those who come through it.
struct Entrance {
    let listener: Listener
    let handler: any RequestHandler
    let makeTransport: TransportFactory
    /// Connections beyond the maximum that it may open.
    var extraConnections = 0
    /// Whether nobody is let in for a while.
    var isPaused = false
}

/// One answered request.
public struct RequestRecord: Sendable {
    /// The request's method as received: any token, to be mapped to a closed set before it is a label;
    /// empty where it was not read.
    public let method: String
    /// The route of the response.
    public let route: String
    /// The status of the response.
    public let status: Int
    /// Bytes of the body as the handler gave it, without chunk framing: 0 for HEAD, 204 and 304.
    public let bodyBytes: Int
    /// From the delivery of the complete request, or from its refusal, to the last byte of the response.
    public let seconds: Double
    /// What the handler wants said of it in the log.
    public let logFields: [LogField]
}
