import Glibc

/// A blocking HTTP/1.1 client for tests against a server on the loopback interface.
public final class LoopbackClient {
    /// A call that failed, with its error number; 0 stands for an early end of the stream.
    public struct Failure: Error {
        /// The call's name.
        public let call: String
        /// Its errno.
        public let cause: Int32

        /// A failure of a call.
        public init(call: String, cause: Int32) {
            self.call = call
            self.cause = cause
        }
    }

    /// One response as it came.
    public struct Response: Equatable, Sendable {
        /// The status code.
        public let status: Int
        /// Names in lower case with their values, in order.
        public let fields: [(name: String, value: String)]
        /// As many bytes as Content-Length or the chunks announce.
        public fileprivate(set) var body: [UInt8] = []

        /// The value of the first field of that name, in lower case.
        public subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }

        /// Whether status and body are the same.
        public static func == (left: Response, right: Response) -> Bool {
            left.status == right.status && left.body == right.body
        }
    }

    private let stream: any ByteStream
    private var received: ArraySlice<UInt8> = []

    /// Talks over a stream.
    public init(_ stream: any ByteStream) {
        self.stream = stream
    }

    /// Connects to a port of 127.0.0.1.
    public convenience init(port: Int) throws(Failure) {
        self.init(try SocketStream(port: port))
    }

    /// Sends all of the text.
    public func send(_ text: String) throws(Failure) { try stream.send(Array(text.utf8)) }

    /// Sends all of the bytes.
    public func send(_ bytes: [UInt8]) throws(Failure) { try stream.send(bytes) }

    /// Reads one response; the response to a HEAD request has no body.
    public func response(toHead: Bool = false) throws(Failure) -> Response {
        var response = try head()
        guard !toHead else { return response }
        if response["transfer-encoding"] == "chunked" {
            while let chunk = try chunk() { response.body += chunk }
        } else if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = try bytes(length)
        }
        return response
    }

    /// Reads the head of a response only.
    public func head() throws(Failure) -> Response {
        let statusLine = try line()
        let status = statusLine.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        var fields: [(name: String, value: String)] = []
        while case let line = try line(), !line.isEmpty {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop { $0 == " " }
            fields.append((line[..<colon].lowercased(), String(value)))
        }
        return Response(status: status ?? 0, fields: fields)
    }

    /// Reads the next chunk of a body; nil where the body ends.
    public func chunk() throws(Failure) -> [UInt8]? {
        guard let size = Int(try line(), radix: 16) else { throw Failure(call: "chunk", cause: 0) }
        let chunk = try bytes(size)
        _ = try line()
        return size == 0 ? nil : chunk
    }

    /// Reads until the server closes.
    public func rest() throws(Failure) -> [UInt8] {
        var all = Array(received)
        received = []
        while case let more = try stream.receive(), !more.isEmpty { all += more }
        return all
    }

    /// Whether the server closes the connection without sending anything more.
    public func reachesEnd() -> Bool {
        do {
            _ = try bytes(1)
            return false
        } catch {
            return error.cause == 0 || error.cause == ECONNRESET
        }
    }

    /// Tells the server that nothing more will be sent; responses can still be read.
    public func finishSending() { stream.finishSending() }

    /// Closes with a reset, as a client that crashed does.
    public func reset() { stream.reset() }

    /// Closes; calling it again does nothing.
    public func close() { stream.close() }

    /// The next line without its CRLF.
    private func line() throws(Failure) -> String {
        var line: [UInt8] = []
        while !line.suffix(2).elementsEqual("\r\n".utf8) { line += try bytes(1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }

    private func bytes(_ count: Int) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            if received.isEmpty { received = try stream.receive() }
            guard !received.isEmpty else { throw Failure(call: "recv", cause: 0) }
            let part = received.prefix(count - bytes.count)
            bytes += part
            received = received.dropFirst(part.count)
        }
        return bytes
    }
}
