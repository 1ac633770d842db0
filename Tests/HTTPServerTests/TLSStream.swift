import COpenSSL
import TestSupport
import Testing

/// How a test's client speaks TLS.
struct TLSClientOptions {
    /// The highest version offered, such as TLS1_1_VERSION; 0 offers all.
    var maximumVersion: Int32 = 0
    /// Names of a certificate and its key under Resources.
    var certificate: String?
    /// One protocol to offer by ALPN.
    var applicationProtocol: String?
    /// The cipher suites of TLS 1.2 to offer, as OpenSSL lists them; nil: its choice.
    var ciphers: String?
    /// The groups to agree on a key in; nil: OpenSSL's choice.
    var groups: String?
    /// The stream whose session is to be gone on with.
    var earlier: TLSStream?
}

/// The client's end of TLS on a socket; it trusts authority.pem only.
final class TLSStream: ByteStream {
    private let socket: SocketStream
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    /// Whether the server ended the connection as TLS wants it.
    private(set) var sawCloseNotify = false

    init(_ socket: SocketStream, _ options: TLSClientOptions = TLSClientOptions()) throws {
        self.socket = socket
        let context = try #require(try Self.context(options))
        defer { SSL_CTX_free(context) }
        session = try #require(SSL_new(context))
        incoming = try #require(BIO_new(BIO_s_mem()))
        outgoing = try #require(BIO_new(BIO_s_mem()))
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
        if let earlier = options.earlier {
            let known = SSL_get1_session(earlier.session)
            SSL_set_session(session, known)
            SSL_SESSION_free(known)
        }
        _ = try perform("SSL_do_handshake") { SSL_do_handshake(session) }
    }

    deinit { SSL_free(session) }

    private static func context(_ options: TLSClientOptions) throws -> OpaquePointer? {
        let context = SSL_CTX_new(TLS_client_method())
        // Old versions are offered only at this level.
        if options.maximumVersion != 0 { SSL_CTX_set_security_level(context, 0) }
        _ = SSL_CTX_ctrl(
            context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(options.maximumVersion), nil)
        SSL_CTX_load_verify_file(context, try TestCertificates.path("authority.pem"))
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        if let name = options.certificate {
            SSL_CTX_use_certificate_chain_file(context, try TestCertificates.path("\(name).pem"))
            SSL_CTX_use_PrivateKey_file(
                context, try TestCertificates.path("\(name)-key.pem"), SSL_FILETYPE_PEM)
        }
        if let ciphers = options.ciphers { SSL_CTX_set_cipher_list(context, ciphers) }
        if let groups = options.groups {
            var list = groups.utf8CString.map(\.self)
            _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, &list)
        }
        if let name = options.applicationProtocol {
            let offer = [UInt8(name.utf8.count)] + Array(name.utf8)
            SSL_CTX_set_alpn_protos(context, offer, UInt32(offer.count))
        }
        return context
    }

    /// The common name of the certificate that the server showed.
    var serverName: String? {
        let certificate = SSL_get1_peer_certificate(session)
        defer { X509_free(certificate) }
        var name = [CChar](repeating: 0, count: 64)
        X509_NAME_get_text_by_NID(
            X509_get_subject_name(certificate), NID_commonName, &name, Int32(name.count))
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether the session of an earlier stream went on.
    var isResumed: Bool { SSL_session_reused(session) == 1 }

    /// What ALPN agreed on.
    var applicationProtocol: String {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(session, &bytes, &count)
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    func send(_ bytes: [UInt8]) throws(LoopbackClient.Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(16 << 10))
            _ = try perform("SSL_write") { SSL_write(session, part, Int32(part.count)) }
            rest = rest.dropFirst(part.count)
        }
    }

    func receive() throws(LoopbackClient.Failure) -> ArraySlice<UInt8> {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = try perform("SSL_read") {
            SSL_read(session, &buffer, Int32(buffer.count))
        }
        return buffer[..<Int(count)]
    }

    func finishSending() {
        SSL_shutdown(session)
        try? sendPending()
        socket.finishSending()
    }

    func reset() { socket.reset() }

    func close() { socket.close() }

    /// Repeats a call until it needs nothing more from the socket; 0 at the end.
    private func perform(_ name: String, _ call: () -> Int32) throws(LoopbackClient.Failure)
        -> Int32
    {
        while true {
            ERR_clear_error()
            let result = call()
            let error = SSL_get_error(session, result)
            try sendPending()
            if result > 0 { return result }
            if error == SSL_ERROR_ZERO_RETURN {
                sawCloseNotify = true
                return 0
            }
            guard error == SSL_ERROR_WANT_READ else { throw .init(call: name, cause: error) }
            let bytes = try socket.receive()
            if bytes.isEmpty { return 0 }
            _ = bytes.withUnsafeBytes { BIO_write(incoming, $0.baseAddress, Int32($0.count)) }
        }
    }

    private func sendPending() throws(LoopbackClient.Failure) {
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(outgoing))
        guard !bytes.isEmpty else { return }
        BIO_read(outgoing, &bytes, Int32(bytes.count))
        try socket.send(bytes)
    }
}
