/// Where a server is: what an authority of a URI names (RFC 3986 §3.2), or a Unix socket.
public struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// An address in figures, or a name; of a Unix socket "unix:" and its path.
    public var host: String
    /// The TCP port; 0 for a Unix socket.
    public var port: Int

    /// An address of these parts.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// As a URI has it: with brackets around an address of IPv6; a Unix socket as it is.
    public var description: String {
        if isSocket { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Its URL without a path; a Unix socket, which has none, as it is.
    public func url(scheme: String) -> String {
        isSocket ? description : "\(scheme)://\(description)"
    }

    /// Whether it is a Unix socket.
    public var isSocket: Bool { host.hasPrefix(ListenAddress.socketPrefix) }
}
