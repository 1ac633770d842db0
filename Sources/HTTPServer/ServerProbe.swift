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
    /// - Throws: a file that cannot be used, a connection that fails, an answer that is none.
    public func status() throws(Failure) -> Int {
        let session: Session? =
            switch security {
            case .plain: nil
            case .tls(let certificate): try Session(certificate)
            }
        let descriptor =
            switch ListenAddress(address.host) {
            case .socket(let path): shoal_connect_unix(path)
            case .network(let host): shoal_connect(host, UInt16(clamping: address.port))
            case nil: throw Failure(description: "the host must be \(ListenAddress.notation)")
            }
        guard descriptor >= 0 else {
            switch AddressFailure(descriptor) {
            case .lookUp(let code): throw Failure(description: String(cString: gai_strerror(code)))
            case .system(let code): throw Self.systemFailure(code)
            }
        }
        defer { _ = shoal_close(descriptor) }
        guard let session else {
            return try exchange { bytes throws(Failure) in
                try Self.count(shoal_send(descriptor, bytes.baseAddress, bytes.count))
            } receive: { buffer throws(Failure) in
                try Self.count(shoal_receive(descriptor, buffer.baseAddress, buffer.count))
            }
        }
        try session.connect(descriptor)
        return try exchange { bytes throws(Failure) in
            try session.send(bytes)
        } receive: { buffer throws(Failure) in
            try session.receive(buffer)
        }
    }

    /// What the Host field says: a Unix socket has no name that it could.
    private var authority: String { address.isSocket ? "localhost" : "\(address)" }

    private static func systemFailure(_ code: Int32) -> Failure {
        Failure(description: String(cString: strerror(code)))
    }

    /// What shoal_send or shoal_receive returned, as a count of bytes.
    private static func count(_ returned: Int) throws(Failure) -> Int {
        guard returned >= 0 else { throw systemFailure(Int32(-returned)) }
        return returned
    }

    /// - Parameters:
    ///   - send: returns how many bytes have gone.
    ///   - receive: returns how many bytes have come, none at the end.
    /// - Returns: the status code.
    /// - Throws: what `send` and `receive` throw, and an answer that is none.
    private func exchange(
        send: (UnsafeRawBufferPointer) throws(Failure) -> Int,
        receive: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n".utf8)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(512, request.count), alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: request)
        // Less than a new socket's buffer, so it goes at once.
        _ = try send(UnsafeRawBufferPointer(rebasing: buffer[..<request.count]))
        var start: [UInt8] = []
        while !start.contains(UInt8(ascii: "\n")), start.count < 4096 {
            let count = try receive(buffer)
            guard count > 0 else { break }
            start += buffer[..<count]
        }
        guard !start.isEmpty else {
            throw Failure(description: "the connection was closed without an answer")
        }
        guard let status = Self.status(inLine: start) else {
            throw Failure(description: "the answer is not HTTP")
        }
        return status
    }

    /// The code of `HTTP/1.1 200 OK`, whose reason may be missing (RFC 9112 §4).
    private static func status(inLine start: [UInt8]) -> Int? {
        guard let end = start.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = start[..<end].last == UInt8(ascii: "\r") ? start[..<(end - 1)] : start[..<end]
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard parts.count >= 2, parts[0].starts(with: "HTTP/1.".utf8), parts[1].count == 3 else {
            return nil
        }
        return Int(String(decoding: parts[1], as: UTF8.self))
    }
}

extension ServerProbe {
    /// A client's end of TLS over a blocking socket.
    private final class Session {
        private let context: OpaquePointer
        private var session: OpaquePointer?

        init(_ certificate: ClientCertificate?) throws(Failure) {
            ERR_clear_error()
            guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.failure }
            self.context = context
            guard let certificate else { return }
            do {
                try TLSContext.useIdentity(
                    in: context, chain: certificate.certificatePath, key: certificate.keyPath)
            } catch {
                throw Failure(description: "\(error.path): \(error.reason)")
            }
        }

        deinit {
            SSL_free(session)
            SSL_CTX_free(context)
        }

        func connect(_ descriptor: Int32) throws(Failure) {
            session = SSL_new(context)
            guard session != nil, SSL_set_fd(session, descriptor) == 1 else {
                throw Self.failure
            }
            let returned = SSL_connect(session)
            if returned != 1 { throw failure(after: returned, errno) }
        }

        func send(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Int {
            let returned = SSL_write(session, bytes.baseAddress, Int32(bytes.count))
            guard returned > 0 else { throw failure(after: returned, errno) }
            return Int(returned)
        }

        /// - Returns: none once the peer has closed.
        func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
            let returned = SSL_read(session, buffer.baseAddress, Int32(buffer.count))
            let code = errno
            if returned > 0 { return Int(returned) }
            guard SSL_get_error(session, returned) == SSL_ERROR_ZERO_RETURN else {
                throw failure(after: returned, code)
            }
            return 0
        }

        /// Why a call failed: OpenSSL's reason, else the system's.
        private func failure(after returned: Int32, _ code: Int32) -> Failure {
            let isSystem =
                SSL_get_error(session, returned) == SSL_ERROR_SYSCALL && ERR_peek_error() == 0
            return isSystem && code != 0 ? systemFailure(code) : Self.failure
        }

        private static var failure: Failure {
            Failure(description: "TLS: \(String(cString: shoal_tls_reason()))")
        }
    }
}
