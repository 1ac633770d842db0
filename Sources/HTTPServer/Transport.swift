/// How the bytes of HTTP travel over a socket: as they are, or encrypted.
///
/// It turns bytes into bytes and touches no socket, so nothing in it can block.
protocol Transport: AnyObject {
    /// Whether it still settles with its peer how to encrypt; nothing is encoded until then.
    var isHandshaking: Bool { get }

    /// Turns bytes from the socket into bytes of HTTP.
    func decode(_ wire: ArraySlice<UInt8>) -> Decoded

    /// Turns bytes of HTTP into bytes for the socket; nil where that has become impossible.
    func encode(_ bytes: [UInt8]) -> [UInt8]?

    /// What the transport itself has to say to its peer since the last call.
    func takeReplies() -> [UInt8]

    /// Its last words.
    func farewell() -> [UInt8]
}

/// What came out of a transport.
struct Decoded {
    var bytes: ArraySlice<UInt8> = []
    /// The peer said that nothing will follow.
    var isLast = false
    /// The peer broke the transport's protocol.
    var isBroken = false
}

/// Makes the transport of a new connection; nil when there is no memory for it.
typealias TransportFactory = @Sendable () -> (any Transport)?

/// Plain TCP.
final class PlainTransport: Transport {
    var isHandshaking: Bool { false }

    func decode(_ wire: ArraySlice<UInt8>) -> Decoded { Decoded(bytes: wire) }

    func encode(_ bytes: [UInt8]) -> [UInt8]? { bytes }

    func takeReplies() -> [UInt8] { [] }

    func farewell() -> [UInt8] { [] }
}
