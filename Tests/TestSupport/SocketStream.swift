import Glibc

/// Bytes in both directions, as a client sees them; calls wait for the server.
public protocol ByteStream: AnyObject {
    /// Sends all of the bytes.
    func send(_ bytes: [UInt8]) throws(LoopbackClient.Failure)
    /// The next bytes, as many as there are; none at the end.
    func receive() throws(LoopbackClient.Failure) -> ArraySlice<UInt8>
    /// Ends the sending side only.
    func finishSending()
    /// Closes with a reset, as a client that crashed does.
    func reset()
    /// Closes; calling it again does nothing.
    func close()
}

/// A TCP connection to the loopback interface.
///
/// Every call gives up after ten seconds without progress, so a broken server fails a test instead
/// of hanging it.
public final class SocketStream: ByteStream {
    private var descriptor: Int32

    /// Connects to a port of 127.0.0.1.
    ///
    /// - Parameters:
    ///   - port: the server's.
    ///   - receiveBuffer: bytes that the kernel may keep for a client that does not read; nil leaves
    ///     the system's choice.
    /// - Throws: `LoopbackClient.Failure` when a call fails.
    public init(port: Int, receiveBuffer: Int32? = nil) throws(LoopbackClient.Failure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw .init(call: "socket", cause: errno) }
        let patience = timeval(tv_sec: 10, tv_usec: 0)
        set(SO_RCVTIMEO, patience)
        set(SO_SNDTIMEO, patience)
        if let receiveBuffer { set(SO_RCVBUF, receiveBuffer) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw .init(call: "connect", cause: errno) }
    }

    /// Connects to a Unix socket.
    public init(path: String) throws(LoopbackClient.Failure) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw .init(call: "socket", cause: errno) }
        let patience = timeval(tv_sec: 10, tv_usec: 0)
        set(SO_RCVTIMEO, patience)
        set(SO_SNDTIMEO, patience)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw .init(call: "connect", cause: errno) }
    }

    deinit { close() }

    private func set<Value>(_ option: Int32, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(
                descriptor, SOL_SOCKET, option, $0.baseAddress, socklen_t($0.count))
        }
    }

    /// Sends all of the bytes; a peer that is gone raises no signal.
    public func send(_ bytes: [UInt8]) throws(LoopbackClient.Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw .init(call: "send", cause: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// The next bytes, at most 64 KiB.
    public func receive() throws(LoopbackClient.Failure) -> ArraySlice<UInt8> {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw .init(call: "recv", cause: errno) }
        return buffer[..<count]
    }

    /// Ends the sending side (FIN).
    public func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset (RST).
    public func reset() {
        set(SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        close()
    }

    /// Closes; calling it again does nothing.
    public func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }
}
