public import HTTPWire

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
    /// Connections open at once.
    ///
    /// One more takes the place of the one that has been idle for the longest, or else of the one
    /// slowest in sending a head, or a body; where all have requests it waits in the kernel's queue.
    public var maximumConnections = 4096
    /// What to encrypt with; nil serves plain HTTP.
    public var tls: TLSConfiguration?

    /// The defaults of the HTTP contract.
    public init() {}
}
