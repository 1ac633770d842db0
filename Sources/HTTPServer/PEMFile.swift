import COpenSSL
import Glibc
import System

/// A certificate, counted by OpenSSL.
final class Certificate {
    let pointer: OpaquePointer

    /// Takes the certificate over.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { X509_free(pointer) }

    /// Seconds since 1970 from which on it is valid.
    var notBefore: Int { Int(shoal_tls_seconds(X509_get0_notBefore(pointer))) }

    /// Seconds since 1970 up to which it is valid.
    var notAfter: Int { Int(shoal_tls_seconds(X509_get0_notAfter(pointer))) }
}

/// A private key, counted by OpenSSL.
final class PrivateKey {
    let pointer: OpaquePointer

    /// Takes the key over.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }
}

/// A PEM file in memory: a regular file, read whole with a bound, so that nothing is waited for.
final class PEMFile {
    /// More than any chain or list of authorities has.
    private static let largestFile = 1 << 20

    private let path: String
    /// What an error of this file is about.
    private let code: TLSError.Code
    private let bytes: OpaquePointer

    init(_ path: String, _ code: TLSError.Code) throws(TLSError) {
        self.path = path
        self.code = code
        ERR_clear_error()
        guard let bytes = BIO_new(BIO_s_mem()) else { throw TLSError(.setup) }
        self.bytes = bytes
        let content: [UInt8]
        do {
            content = try RegularFile.bytes(path, limit: Self.largestFile)
        } catch {
            throw TLSError(code: code, path: path, reason: Self.reason(error))
        }
        guard content.isEmpty || BIO_write(bytes, content, Int32(content.count)) > 0 else {
            throw TLSError(.setup)
        }
    }

    deinit { BIO_free(bytes) }

    private static func reason(_ error: FileError) -> String {
        error.code == .missing
            ? String(cString: strerror(ENOENT)) : "found \(error.found); expected \(error.expected)"
    }

    /// All certificates of the file, in their order, at least one.
    func certificates() throws(TLSError) -> [Certificate] {
        var certificates: [Certificate] = []
        while let pointer = PEM_read_bio_X509_AUX(bytes, nil, shoal_tls_refuse_password, nil) {
            certificates.append(Certificate(pointer))
        }
        guard !certificates.isEmpty, shoal_tls_is_end_of_pem() != 0 else {
            throw TLSError(code, path)
        }
        ERR_clear_error()
        return certificates
    }

    /// The key of the file; one with a password is refused, for which OpenSSL would ask at the terminal.
    func privateKey() throws(TLSError) -> PrivateKey {
        guard let pointer = PEM_read_bio_PrivateKey(bytes, nil, shoal_tls_refuse_password, nil)
        else { throw TLSError(code, path) }
        return PrivateKey(pointer)
    }
}

extension TLSError {
    /// An error with the reason that OpenSSL left in this thread's queue.
    init(_ code: Code, _ path: String = "") {
        self.init(code: code, path: path, reason: String(cString: shoal_tls_reason()))
    }
}
