/// Sizes beyond which a request is refused before more of it is kept, or a response given up.
public struct HTTPLimits: Sendable {
    /// Bytes from the method to the blank line after the fields (431; the request line alone: 414).
    public var headBytes = 16 << 10
    /// Number of field lines (431).
    public var fields = 100
    /// Bytes of the request target (414).
    public var targetBytes = 8 << 10
    /// Bytes of the body, declared or counted after removal of the chunk framing (413).
    public var bodyBytes = 1 << 20
    /// Bytes of one chunk-size line with its extensions, which are ignored (400).
    public var chunkLineBytes = 256
    /// Bytes of the trailer section, which is dropped (431).
    public var trailerBytes = 4 << 10
    /// Bytes of a response in parts that wait for a client who does not read (the connection is cut).
    public var unsentStreamBytes = 1 << 20

    /// The default limits of the HTTP contract.
    public init() {}
}

/// Times, in seconds, after which a slow connection is given up.
public struct HTTPTimeouts: Sendable {
    /// From the first byte of a request to the end of its head (408).
    public var head = 10.0
    /// From the end of the head to the end of the body (408), besides what the rate grants.
    public var body = 30.0
    /// Bytes of body that grant one more second; a body as fast as that may take for ever.
    public var bodyBytesPerSecond = 1024.0
    /// Without a request.
    public var idle = 75.0
    /// For a last request on an idle connection once the server shuts down; it is answered with
    /// `Connection: close`.
    public var farewell = 1.0
    /// Without progress in the sending of a response.
    public var write = 30.0
    /// Spent on discarding what a client still sends after the last response, and on waiting for what
    /// the handler still has to say to a client that has ended its side.
    public var linger = 2.0

    /// The default times of the HTTP contract.
    public init() {}
}
