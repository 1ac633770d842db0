import COpenSSL
import CSystem
import Glibc

/// Asks a server for one page and says with which status it answers, as a health check does.
///
/// It waits for as long as the server keeps it waiting: whoever has less time watches it from another thread.
public struct ServerProbe: Sendable {
    /// What the probe speaks.
    public enum Security: Sendable {
        case plain
        /// TLS, with nothing asked of the server's certificate: a probe tells no secrets, and the name
        /// in the certificate is seldom the address that is probed.
        case tls(ClientCertificate?)
    }

    /// The PEM files with which the probe proves who it is, where the server asks clients for it.
    public struct ClientCertificate: Sendable {
        /// The certificate, and those between it and an authority that the server knows.
        public var certificatePath: String
        /// The private key of that certificate.
        public var keyPath: String

        /// A certificate, with those above it, and its key.
        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// Why there is no status: what failed, and the system's or OpenSSL's reason.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The reason.
        public let description: String
    }

    /// Where the server is.
    public var address: ServerAddress
    /// An absolute path.
    public var path: String
    /// What is spoken there.
    public var security: Security

    /// A probe of one page; nothing is sent yet.
    public init(_ address: ServerAddress, path: String, security: Security = .plain) {
        self.address = address
        self.path = path
        self.security = security
    }

    /// Connects, asks, and reads the status line.
    ///
    /// SIGPIPE must be ignored where TLS is spoken.
    ///
    /// - Returns: the status code.
    /// - Throws: ``Failure``.
    public func status() throws -> Int {
        let descriptor = shoal_connect(address.host, UInt16(clamping: address.port))
        guard descriptor >= 0 else {
            // CSystem reports a failed look-up below -10000.
            throw descriptor < -10_000
                ? Failure(description: String(cString: gai_strerror(descriptor + 10_000)))
                : Self.systemFailure(-descriptor)
        }
        defer { _ = shoal_close(descriptor) }
        switch security {
        case .plain:
            return try exchange { bytes in
                let count = shoal_send(descriptor, bytes.baseAddress, bytes.count)
                guard count >= 0 else { throw Self.systemFailure(Int32(-count)) }
                return count
            } receive: { buffer in
                let count = shoal_receive(descriptor, buffer.baseAddress, buffer.count)
                guard count >= 0 else { throw Self.systemFailure(Int32(-count)) }
                return count
            }
        case .tls(let certificate):
            let session = try Session(descriptor, certificate)
            return try exchange { bytes in
                try session.count(
                    SSL_write(session.pointer, bytes.baseAddress, Int32(bytes.count)))
            } receive: { buffer in
                try session.count(
                    SSL_read(session.pointer, buffer.baseAddress, Int32(buffer.count)))
            }
        }
    }

    private static func systemFailure(_ code: Int32) -> Failure {
        Failure(description: String(cString: strerror(code)))
    }

    /// - Parameters:
    ///   - send: returns how many bytes have gone.
    ///   - receive: returns how many bytes have come, none at the end.
    /// - Returns: the status code.
    /// - Throws: ``Failure``, and what `send` and `receive` throw.
    private func exchange(
        send: (UnsafeRawBufferPointer) throws -> Int,
        receive: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Int {
        let request =
            "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
        // Less than a new socket's buffer, so it goes at once.
        _ = try Array(request.utf8).withUnsafeBytes(send)
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 512)
        while !line.contains(UInt8(ascii: "\n")), line.count < 4096 {
            let count = try buffer.withUnsafeMutableBytes(receive)
            guard count > 0 else { break }
            line += buffer[..<count]
        }
        // HTTP/1.1 200 OK (RFC 9112 §4).
        let parts = line.prefix { $0 != UInt8(ascii: "\n") }.split(separator: UInt8(ascii: " "))
        guard parts.count >= 2, parts[0].starts(with: "HTTP/1.".utf8),
            let status = Int(String(decoding: parts[1], as: UTF8.self))
        else {
            throw Failure(
                description: line.isEmpty
                    ? "the connection was closed without an answer" : "what came is not HTTP")
        }
        return status
    }

    /// A client's end of TLS over a blocking socket, connected.
    private final class Session {
        let pointer: OpaquePointer

        init(_ descriptor: Int32, _ certificate: ClientCertificate?) throws {
            ERR_clear_error()
            guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.failure }
            defer { SSL_CTX_free(context) }
            if let certificate {
                guard
                    SSL_CTX_use_certificate_chain_file(context, certificate.certificatePath) == 1,
                    SSL_CTX_use_PrivateKey_file(context, certificate.keyPath, SSL_FILETYPE_PEM) == 1
                else { throw Self.failure }
            }
            guard let session = SSL_new(context) else { throw Self.failure }
            pointer = session
            guard SSL_set_fd(session, descriptor) == 1, SSL_connect(session) == 1 else {
                throw Self.failure
            }
        }

        deinit { SSL_free(pointer) }

        /// What SSL_read or SSL_write returned, as a count of bytes; none once the peer has closed.
        func count(_ returned: Int32) throws -> Int {
            guard returned <= 0 else { return Int(returned) }
            guard SSL_get_error(pointer, returned) == SSL_ERROR_ZERO_RETURN else {
                throw Self.failure
            }
            return 0
        }

        private static var failure: Failure {
            Failure(description: "TLS: \(String(cString: shoal_tls_reason()))")
        }
    }
}
