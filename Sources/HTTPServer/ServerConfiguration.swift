public import HTTPWire

/// How a server listens and what it tolerates.
public struct ServerConfiguration: Sendable {
    /// Where clients connect.
    public var listener = ListenerConfiguration()
    /// Where those connect who watch the server, in plain HTTP; nil: where all do.
    public var operations: ListenerConfiguration?
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

    /// The host of the listener for clients.
    public var host: String {
        get { listener.host }
        set { listener.host = newValue }
    }

    /// The port of the listener for clients.
    public var port: Int {
        get { listener.port }
        set { listener.port = newValue }
    }
}
