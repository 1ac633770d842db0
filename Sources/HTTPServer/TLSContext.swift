import COpenSSL
import System

/// Certificates, key and rules that connections start with.
///
/// Unchecked: nothing changes it after its initialiser, and OpenSSL counts its users atomically.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    /// When the server's certificate and those behind it are valid.
    let validity: CertificateValidity

    /// Reads the files.
    init(_ configuration: TLSConfiguration) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw TLSError(.setup) }
        self.pointer = pointer
        do throws(TLSError) {
            guard shoal_tls_prepare(pointer) == 1 else { throw TLSError(.setup) }
            let validity = try Self.useIdentity(
                in: pointer, chain: configuration.certificatePath, key: configuration.keyPath)
            if let path = configuration.clientCAPath {
                try Self.requireClients(in: pointer, of: path)
            }
            // The last property: what fails before leaves no object, and so no deinitialiser.
            self.validity = validity
        } catch {
            SSL_CTX_free(pointer)
            throw error
        }
    }

    deinit { SSL_CTX_free(pointer) }

    /// Reads the files that either end proves its identity with.
    ///
    /// - Parameters:
    ///   - context: takes certificates and key.
    ///   - chain: path of the certificate and those between it and a root.
    ///   - key: path of its private key.
    /// - Returns: when the certificates are valid.
    /// - Throws: the file that cannot be used, and why.
    @discardableResult
    static func useIdentity(
        in context: OpaquePointer, chain: String, key: String
    ) throws(TLSError) -> CertificateValidity {
        let certificates = try PEMFile(chain, .certificate).certificates()
        guard SSL_CTX_use_certificate(context, certificates[0].pointer) == 1,
            certificates.dropFirst().allSatisfy({
                shoal_tls_add_to_chain(context, $0.pointer) == 1
            })
        else { throw TLSError(.certificate, chain) }
        let privateKey = try PEMFile(key, .key).privateKey()
        try requireSameKind(certificates[0], privateKey, key)
        guard X509_check_private_key(certificates[0].pointer, privateKey.pointer) == 1,
            SSL_CTX_use_PrivateKey(context, privateKey.pointer) == 1
        else { throw TLSError(.key, key) }
        return CertificateValidity(certificates)
    }

    /// OpenSSL would say only that the two do not go together.
    private static func requireSameKind(
        _ certificate: Certificate, _ key: PrivateKey, _ path: String
    ) throws(TLSError) {
        let (its, given) = (kind(X509_get0_pubkey(certificate.pointer)), kind(key.pointer))
        guard its == given else {
            throw TLSError(
                code: .key, path: path,
                reason: "the certificate is for a key of the kind \(its), and this one is \(given)")
        }
    }

    private static func kind(_ key: OpaquePointer?) -> String {
        EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
    }

    private static func requireClients(
        in context: OpaquePointer, of path: String
    ) throws(TLSError) {
        let store = SSL_CTX_get_cert_store(context)
        for authority in try PEMFile(path, .clientCA).certificates() {
            guard X509_STORE_add_cert(store, authority.pointer) == 1,
                SSL_CTX_add_client_CA(context, authority.pointer) == 1
            else { throw TLSError(.clientCA, path) }
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }

    /// Makes tickets of earlier sessions worthless, which whoever learns their key could open.
    func renewTicketKey() { _ = shoal_tls_renew_ticket_key(pointer) }
}

/// The context that new connections get, which can be replaced while others run.
final class TLSContextSource: Sendable {
    private struct State {
        var context: TLSContext
        /// When the key of its tickets was made.
        var keyTime = SystemClock.monotonic()
    }

    private let configuration: TLSConfiguration
    private let current: Lock<State>

    init(_ configuration: TLSConfiguration) throws(TLSError) {
        self.configuration = configuration
        current = Lock(State(context: try TLSContext(configuration)))
    }

    /// When the certificates in use are valid.
    var validity: CertificateValidity { current.withLock { $0.context.validity } }

    /// Reads the files again.
    func read() throws(TLSError) -> TLSContext { try TLSContext(configuration) }

    /// Takes what was read for connections that come from now on.
    func use(_ context: TLSContext) { current.withLock { $0 = State(context: context) } }

    /// A transport for a new connection, on the event loop alone; nil without memory for it.
    func makeTransport() -> TLSTransport? {
        let now = SystemClock.monotonic()
        let context = current.withLock { state in
            if now - state.keyTime >= configuration.ticketKeySeconds {
                state.context.renewTicketKey()
                state.keyTime = now
            }
            return state.context
        }
        return TLSTransport(context)
    }
}
