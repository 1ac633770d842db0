import Glibc

/// A blocking TCP client for tests against a server on the loopback interface.
///
/// Every call gives up after ten seconds without progress, so a broken server fails a test instead
/// of hanging it.
public final class LoopbackClient {
    /// A call that failed, with its error number; 0 stands for an early end of the stream.
    public struct Failure: Error {
        /// The call's name.
        public let call: String
        /// Its errno.
        public let cause: Int32
    }

    /// One response as it came.
    public struct Response: Equatable, Sendable {
        /// The status code.
        public let status: Int
        /// Names in lower case with their values, in order.
        public let fields: [(name: String, value: String)]
        /// As many bytes as Content-Length announces.
        public let body: [UInt8]

        /// The value of the first field of that name, in lower case.
        public subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        /// Whether status and body are the same.
        public static func == (left: Response, right: Response) -> Bool {
            left.status == right.status && left.body == right.body
        }
    }

    private var descriptor: Int32
    private var received: ArraySlice<UInt8> = []

    /// Connects to a port of 127.0.0.1.
    public init(port: Int) throws(Failure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", cause: errno) }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect", cause: errno) }
    }

    deinit { close() }

    /// Sends all of the text.
    public func send(_ text: String) throws(Failure) { try send(Array(text.utf8)) }

    /// Sends all of the bytes.
    public func send(_ bytes: [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(call: "send", cause: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads one response; the response to a HEAD request has no body.
    public func response(toHead: Bool = false) throws(Failure) -> Response {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) { head.append(try byte()) }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let status = lines.first.flatMap { line in
            line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
        let fields = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop { $0 == " " }
            return (name: line[..<colon].lowercased(), value: String(value))
        }
        let length = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        var body: [UInt8] = []
        while body.count < (toHead ? 0 : length) {
            if received.isEmpty { try receive() }
            let part = received.prefix(length - body.count)
            body += part
            received = received.dropFirst(part.count)
        }
        return Response(status: status ?? 0, fields: fields, body: body)
    }

    /// Whether the server closes the connection without sending anything more.
    public func reachesEnd() -> Bool {
        do {
            _ = try byte()
            return false
        } catch {
            return error.cause == 0 || error.cause == ECONNRESET
        }
    }

    /// Tells the server that nothing more will be sent; responses can still be read.
    public func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset, as a client that crashed does.
    public func reset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Closes; calling it again does nothing.
    public func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    private func byte() throws(Failure) -> UInt8 {
        if received.isEmpty { try receive() }
        return received.removeFirst()
    }

    private func receive() throws(Failure) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure(call: "recv", cause: count == 0 ? 0 : errno) }
        received = buffer[..<count]
    }
}
