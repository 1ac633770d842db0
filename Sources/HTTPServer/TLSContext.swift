import COpenSSL
import System

/// Certificates, key and rules that connections start with.
///
/// Unchecked: nothing changes it after its initialiser, and OpenSSL counts its users atomically.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Reads the files.
    init(_ configuration: TLSConfiguration) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw Self.error(.setup) }
        self.pointer = pointer
        guard shoal_tls_prepare(pointer) == 1 else { throw Self.error(.setup) }
        try Self.useIdentity(
            in: pointer, chain: configuration.certificatePath, key: configuration.keyPath)
        if let path = configuration.clientCAPath { try requireClients(of: path) }
    }

    deinit { SSL_CTX_free(pointer) }

    /// Reads the files that either end proves its identity with; a key with a password is refused, for which
    /// OpenSSL would ask at the terminal.
    static func useIdentity(
        in context: OpaquePointer, chain: String, key: String
    ) throws(TLSError) {
        SSL_CTX_set_default_passwd_cb(context, shoal_tls_refuse_password)
        guard SSL_CTX_use_certificate_chain_file(context, chain) == 1 else {
            throw error(.certificate, chain)
        }
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(context) == 1
        else { throw error(.key, key) }
    }

    private func requireClients(of path: String) throws(TLSError) {
        guard SSL_CTX_load_verify_file(pointer, path) == 1,
            let names = SSL_load_client_CA_file(path)
        else { throw Self.error(.clientCA, path) }
        // Takes the names over.
        SSL_CTX_set_client_CA_list(pointer, names)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }

    private static func error(_ code: TLSError.Code, _ path: String = "") -> TLSError {
        TLSError(code: code, path: path, reason: String(cString: shoal_tls_reason()))
    }
}

/// The context that new connections get, which can be replaced while others run.
final class TLSContextSource: Sendable {
    private let configuration: TLSConfiguration
    private let current: Lock<TLSContext>

    init(_ configuration: TLSConfiguration) throws(TLSError) {
        self.configuration = configuration
        current = Lock(try TLSContext(configuration))
    }

    /// Reads the files again; where that fails the old context stays.
    func reload() throws(TLSError) {
        let fresh = try TLSContext(configuration)
        current.withLock { $0 = fresh }
    }

    func makeTransport() -> TLSTransport? { TLSTransport(current.withLock { $0 }) }
}
