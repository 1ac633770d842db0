import COpenSSL
import Threads

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
        let (chain, key) = (configuration.certificatePath, configuration.keyPath)
        guard SSL_CTX_use_certificate_chain_file(pointer, chain) == 1 else {
            throw Self.error(.certificate, chain)
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(pointer) == 1
        else { throw Self.error(.key, key) }
        if let path = configuration.clientCAPath { try requireClients(of: path) }
    }

    deinit { SSL_CTX_free(pointer) }

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
