/// Where a listener may be: what `server.listen.host` can say.
public enum ListenAddress: Sendable, Equatable {
    /// An address in figures, without brackets, or a name.
    case network(host: String)
    /// The absolute path of a Unix socket.
    case socket(path: String)

    /// What begins the path of a Unix socket.
    public static let socketPrefix = "unix:"
    /// What an address looks like, for people.
    public static let notation =
        "an address or a host name without a port, or unix: and the absolute path of a socket"
    /// The longest path, in bytes, that the system takes (unix(7)).
    private static let longestPath = 107

    /// The place that a text names; nil where it has not the form that `notation` says.
    public init?(_ text: String) {
        if text.hasPrefix(Self.socketPrefix) {
            let path = text.dropFirst(Self.socketPrefix.count)
            guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.count <= Self.longestPath,
                !path.utf8.contains(0)
            else { return nil }
            self = .socket(path: String(path))
            return
        }
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let host = isBracketed ? text.dropFirst().dropLast() : text[...]
        let colons = host.utf8.count { $0 == UInt8(ascii: ":") }
        // One colon would part a port from its host; an address of IPv6 has two at least.
        guard !host.isEmpty, isBracketed ? colons > 1 : colons != 1,
            !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "/[]".utf8.contains($0) })
        else { return nil }
        self = .network(host: String(host))
    }
}
