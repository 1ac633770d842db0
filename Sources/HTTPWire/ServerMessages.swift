public import HTTPTypes

/// A complete request, proven well-formed by the parser.
public struct ServerRequest: Sendable {
    /// The request line and the fields.
    public let head: RequestHead
    /// The body without transfer coding.
    public let body: [UInt8]
    /// The address of the connection's other end in figures, an IPv4 address as such on whatever socket it
    /// came; empty where it has none, as behind a Unix socket.
    public package(set) var peerAddress = ""

    package init(_ head: RequestHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// A request of these parts, as a test or another transport may make it.
    public init(
        method: String, target: String, path: String, query: String? = nil,
        fields: HTTPFields = [:], body: [UInt8] = [], peerAddress: String = ""
    ) {
        head = RequestHead(
            method: method, target: target, path: path, query: query, fields: fields)
        self.body = body
        self.peerAddress = peerAddress
    }

    /// The method, a token, in the case in which it came.
    public var method: String { head.method }
    /// The request target as received.
    public var target: String { head.target }
    /// The path, percent-decoded; "*" for `OPTIONS *`.
    public var path: String { head.path }
    /// What follows the first question mark, not decoded; nil without one.
    public var query: String? { head.query }
    /// The fields in their order; trailers are dropped.
    public var fields: HTTPFields { head.fields }
}

/// A complete response; framing, date and connection fields are added when it is serialised.
public struct ServerResponse: Sendable {
    /// A final status code, 200 to 599; anything else is sent as 500.
    public var status: Int
    /// The fields without Content-Length, Transfer-Encoding, Connection and Date, which are ours.
    public var fields: HTTPFields
    /// The body; not sent for HEAD, 204 and 304.
    public var body: [UInt8]
    /// The route's template, a metrics label, from a closed set.
    public var route: String
    /// What the log says of the request besides method, route and status; never sent, never text of
    /// the user.
    public var logFields: [LogField] = []

    /// A response of these parts.
    public init(
        status: Int, fields: HTTPFields = [:], body: [UInt8] = [], route: String = ""
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.route = route
    }
}
