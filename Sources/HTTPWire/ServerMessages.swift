public import HTTPTypes

/// A complete request, proven well-formed by the parser.
public struct ServerRequest: Sendable {
    /// The method, a token, in the case in which it came.
    public let method: String
    /// The request target as received.
    public let target: String
    /// The path, percent-decoded; "*" for `OPTIONS *`.
    public let path: String
    /// What follows the first question mark, not decoded; nil without one.
    public let query: String?
    /// The fields in their order; trailers are dropped.
    public let fields: HTTPFields
    /// The body without transfer coding.
    public let body: [UInt8]

    /// A request of these parts, as a test or another transport may make it.
    public init(
        method: String, target: String, path: String, query: String? = nil,
        fields: HTTPFields = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
    }
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
