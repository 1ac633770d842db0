import HTTPTypes
import HTTPWire

/// What is believed of what proxies say about the clients before them.
struct ProxyTrust: Sendable {
    /// Whose fields are believed.
    let proxies: [AddressRange]

    /// Whether a request comes from a proxy whose fields are believed.
    func believes(_ request: ServerRequest) -> Bool {
        isProxy(IPAddress(request.peerAddress))
    }

    /// The address of the client of a request.
    ///
    /// It is the other end of the connection, or, where that is one of the proxies, the last entry of
    /// `X-Forwarded-For` that is none of them: what stands before that entry may be invented.
    ///
    /// - Returns: nil for a Unix socket without a proxy that names an address.
    func client(of request: ServerRequest) -> IPAddress? {
        var client = IPAddress(request.peerAddress)
        guard isProxy(client) else { return client }
        let entries = request.fields[values: .forwardedFor].joined(separator: ",")
        for entry in entries.split(separator: ",").reversed() {
            guard let address = Self.address(entry) else { break }
            client = address
            guard isProxy(address) else { break }
        }
        return client
    }

    /// The path below which a believed proxy serves this server, without a slash at its end
    /// (`X-Forwarded-Prefix`); nil where it names none, or one that is no plain path.
    func prefix(of request: ServerRequest) -> String? {
        guard let value = request.fields[.forwardedPrefix], believes(request) else { return nil }
        let parts = value.split(separator: "/")
        // One path alone, of characters that need no escaping anywhere.
        guard value.hasPrefix("/"), (1...256).contains(value.utf8.count), !parts.isEmpty,
            parts.allSatisfy({ $0 != "." && $0 != ".." }),
            value.utf8.allSatisfy(Self.isPlain)
        else { return nil }
        return "/" + parts.joined(separator: "/")
    }

    /// Where the client of a request found this server.
    ///
    /// - Parameters:
    ///   - request: its `Host`, and what believed proxies say of the scheme (`X-Forwarded-Proto`) and the prefix.
    ///   - servesTLS: whether the listener does.
    /// - Returns: scheme, host and prefix without a slash at the end; the prefix alone where the request names no host.
    func base(of request: ServerRequest, servesTLS: Bool) -> String {
        let prefix = prefix(of: request) ?? ""
        guard let host = request.fields[.host], !host.isEmpty else { return prefix }
        let told = believes(request) ? request.fields[.forwardedProto]?.lowercased() : nil
        let scheme = told.flatMap { ["http", "https"].contains($0) ? $0 : nil }
        return (scheme ?? (servesTLS ? "https" : "http")) + "://" + host + prefix
    }

    private func isProxy(_ address: IPAddress?) -> Bool {
        proxies.contains { $0.contains(address) }
    }

    /// An entry of the field: an address, possibly in brackets and with a port.
    private static func address(_ entry: Substring) -> IPAddress? {
        let text = String(decoding: Array(entry.utf8).trimmingBlanks(), as: UTF8.self)
        if text.hasPrefix("[") {
            return IPAddress(String(text.dropFirst().prefix { $0 != "]" }))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return IPAddress(parts.count == 2 ? String(parts[0]) : text)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/-._~".utf8.contains(byte)
        }
    }
}
