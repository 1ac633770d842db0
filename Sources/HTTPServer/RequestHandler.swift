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
    func response(to failure: HTTPFailure) -> ServerResponse
}

/// What is told about connections and requests; every call is made on the event loop.
public protocol ServerObserver: Sendable {
    /// A connection was accepted.
    func connectionOpened()
    /// A connection that was opened is gone, for whatever reason.
    func connectionClosed()
    /// A protocol failure is about to be answered; no record follows for it.
    func failed(_ failure: HTTPFailure)
    /// The last byte of a response was handed to the kernel.
    func finished(_ record: RequestRecord)
}

/// One answered request.
public struct RequestRecord: Sendable {
    /// The request's method as received: any token, to be mapped to a closed set before it is a label.
    public let method: String
    /// The route of the response.
    public let route: String
    /// The status of the response.
    public let status: Int
    /// Bytes of the body sent: 0 for HEAD.
    public let bodyBytes: Int
    /// From the delivery of the complete request to the last byte of the response.
    public let seconds: Double
}

/// How a server listens and what it tolerates.
public struct ServerConfiguration: Sendable {
    /// Name or address to listen on; "::" serves IPv4 too.
    public var host = "127.0.0.1"
    /// TCP port, 0 to 65535; 0 lets the system choose one.
    public var port = 8080
    /// Sizes beyond which requests are refused.
    public var limits = HTTPLimits()
    /// Times after which slow connections are given up.
    public var timeouts = HTTPTimeouts()
    /// Connections open at once; further ones wait in the kernel's queue.
    public var maximumConnections = 4096

    /// The defaults of the HTTP contract.
    public init() {}
}
