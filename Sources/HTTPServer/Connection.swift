import CSystem
import Glibc
import HTTPWire

/// A socket on which a client has connected.
struct AcceptedSocket {
    let descriptor: Int32
    /// In figures; empty where the socket's family has none.
    let peerAddress: String
}

/// One accepted socket, its transport, its protocol state and the bytes that wait to be sent; of the
/// loop only.
final class Connection {
    /// What came of an attempt to receive.
    enum Input {
        case bytes(ArraySlice<UInt8>, isLast: Bool)
        case nothing
        case broken
    }

    /// What came of an attempt to send.
    enum Outcome {
        case drained
        case blocked(progress: Bool)
        case broken
    }

    let id: UInt64
    let descriptor: Int32
    /// In figures; empty where the socket's family has none.
    let peerAddress: String
    /// What answers its requests.
    let handler: any RequestHandler
    var machine: ConnectionMachine
    var current: ServedRequest?
    /// The epoll events asked for.
    var interest = shoal_epollin
    var isOpen = true
    /// Whether the loop is going to flush it before it waits again.
    var isQueued = false
    private let transport: any Transport
    private let handshakeDeadline: Double
    private var output: [UInt8] = []
    private var sent = 0
    private var isBroken = false

    /// A connection that has just been accepted.
    ///
    /// - Parameters:
    ///   - id: its token with epoll.
    ///   - socket: the socket, which it takes over, and where it leads.
    ///   - transport: a fresh one.
    ///   - handler: what answers its requests.
    ///   - configuration: limits and times; the one for a head covers the handshake too.
    ///   - now: the time of the monotonic clock.
    init(
        id: UInt64, socket: AcceptedSocket, transport: any Transport,
        handler: any RequestHandler, configuration: ServerConfiguration, now: Double
    ) {
        self.id = id
        descriptor = socket.descriptor
        peerAddress = socket.peerAddress
        self.transport = transport
        self.handler = handler
        handshakeDeadline = now + configuration.timeouts.head
        machine = ConnectionMachine(
            limits: configuration.limits, timeouts: configuration.timeouts, now: now)
    }

    var isHandshaking: Bool { transport.isHandshaking }

    var deadline: Double? { isHandshaking ? handshakeDeadline : machine.deadline }

    var expendability: ConnectionMachine.Expendability? {
        isHandshaking ? .init(stage: .head, deadline: handshakeDeadline) : machine.expendability
    }

    var unsent: Int { output.count - sent }

    /// A peer that does not read is not read from for long: what it sends could make more output, such
    /// as the answers of TLS to key updates.
    var wantsInput: Bool {
        machine.wantsInput && unsent <= ConnectionMachine.bufferedBytes
    }

    /// Reads once; what it returns may refer to the buffer.
    func receive(_ buffer: inout [UInt8]) -> Input {
        let count = buffer.withUnsafeMutableBytes {
            shoal_receive(descriptor, $0.baseAddress, $0.count)
        }
        if count == -Int(EAGAIN) { return .nothing }
        guard count >= 0 else { return .broken }
        guard count > 0 else { return .bytes([], isLast: true) }
        let decoded = transport.decode(buffer[..<count])
        append(transport.takeReplies())
        if decoded.isBroken {
            _ = flush()
            isBroken = true
            return .broken
        }
        return .bytes(decoded.bytes, isLast: decoded.isLast)
    }

    /// Adds to the output; `flush` sends it.
    func queue(_ bytes: [UInt8]) {
        guard let wire = transport.encode(bytes) else {
            isBroken = true
            return
        }
        append(wire)
    }

    /// Sends what waits, as far as the kernel takes it.
    func flush() -> Outcome {
        guard !isBroken else { return .broken }
        let before = sent
        while unsent > 0 {
            let count = output.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                return shoal_send(descriptor, rest.baseAddress, rest.count)
            }
            if count == -Int(EAGAIN) { return .blocked(progress: sent > before) }
            guard count > 0 else { return .broken }
            sent += count
        }
        output = []
        sent = 0
        return .drained
    }

    /// Tells the peer that nothing more will be sent; all of the output must have gone out.
    func shutdownWrite() {
        sayFarewell()
        _ = shoal_shutdown_write(descriptor)
    }

    /// Closes the socket; calling it again does nothing.
    func close() {
        guard isOpen else { return }
        isOpen = false
        sayFarewell()
        _ = shoal_close(descriptor)
    }

    /// Last words that do not fit at once are left unsaid.
    private func sayFarewell() {
        guard unsent == 0, !isBroken else { return }
        append(transport.farewell())
        _ = flush()
    }

    private func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        // Moving the rest to the front only when it is the smaller part keeps the cost linear.
        if sent > unsent {
            output.removeSubrange(..<sent)
            sent = 0
        }
        if output.isEmpty { output = bytes } else { output += bytes }
    }
}
