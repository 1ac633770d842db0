import Glibc
import HTTPWire

/// When the certificates of a server can be used: all of them, its own and those that it sends with it.
public struct CertificateValidity: Sendable, Equatable {
    /// The latest begin, in seconds since 1970.
    public let notBefore: Int
    /// The earliest end, in seconds since 1970.
    public let notAfter: Int

    init(_ certificates: [Certificate]) {
        notBefore = certificates.map(\.notBefore).max() ?? .min
        notAfter = certificates.map(\.notAfter).min() ?? .max
    }

    /// What is wrong with them now, with its date; nil where nothing is.
    public var fault: String? {
        let now = time(nil)
        if notAfter < now { return "expired on \(HTTPDate.format(secondsSince1970: notAfter))" }
        guard notBefore > now else { return nil }
        return "are not valid before \(HTTPDate.format(secondsSince1970: notBefore))"
    }
}
