/// The files that a server proves its identity with: TLS 1.2 and 1.3 as in Mozilla's intermediate profile,
/// and HTTP/1.1 by ALPN.
public struct TLSConfiguration: Sendable {
    /// PEM file with the server's certificate first, then those between it and a root.
    public var certificatePath: String
    /// PEM file with the private key of that certificate, without a password.
    public var keyPath: String
    /// PEM file with the authorities of which every client must have a certificate; nil asks clients
    /// for none.
    public var clientCAPath: String?
    /// Seconds for which tickets are made with one key: what a stolen key opens.
    public var ticketKeySeconds = 86_400.0

    /// The paths are read when the server starts and whenever it reloads.
    public init(certificatePath: String, keyPath: String, clientCAPath: String? = nil) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.clientCAPath = clientCAPath
    }

    /// Reads the files as a server would.
    ///
    /// - Returns: when the certificates are valid.
    /// - Throws: the file that cannot be used, and why.
    public func check() throws(TLSError) -> CertificateValidity {
        try TLSContext(self).validity
    }
}

/// Why certificates and keys cannot be used.
public struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which step failed.
    public enum Code: Sendable, Equatable {
        /// The certificate chain cannot be read.
        case certificate
        /// The private key cannot be read, or is not the certificate's.
        case key
        /// The authorities of clients cannot be read.
        case clientCA
        /// OpenSSL cannot be set up; no file is to blame.
        case setup
    }

    /// Which step failed.
    public let code: Code
    /// The file; empty for `setup`.
    public let path: String
    /// OpenSSL's reason, or the system's.
    public let reason: String

    /// What failed, for which file, and the reason.
    public var description: String {
        switch code {
        case .certificate: "Cannot use the certificate chain \"\(path)\": \(reason)"
        case .key: "Cannot use the private key \"\(path)\" with the certificate: \(reason)"
        case .clientCA: "Cannot use the client authorities \"\(path)\": \(reason)"
        case .setup: "Cannot set up TLS: \(reason)"
        }
    }
}
