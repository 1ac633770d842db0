/// Where a server is: what an authority of a URI names (RFC 3986 §3.2).
public struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// An address in figures, or a name.
    public var host: String
    /// The TCP port.
    public var port: Int

    /// An address of these parts.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// As a URI has it: with brackets around an address of IPv6.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
