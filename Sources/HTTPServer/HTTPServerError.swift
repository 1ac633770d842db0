import Glibc

/// Why a server could not start.
public struct HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which step failed.
    public enum Code: Sendable, Equatable {
        /// The port is not between 0 and 65535.
        case invalidPort
        /// The host is no address and no name that resolves.
        case unknownHost
        /// The address cannot be listened on.
        case cannotListen
        /// The event loop's descriptors cannot be made.
        case noDescriptors
        /// A certificate or a key cannot be used.
        case tls(TLSError)
    }

    /// Which step failed.
    public let code: Code
    /// The host that was asked for.
    public let host: String
    /// The port that was asked for.
    public let port: Int
    /// The system's error number, an EAI code for `unknownHost`, 0 where no call failed.
    public let cause: Int32

    /// What failed, for which address, and the system's reason.
    public var description: String {
        switch code {
        case .invalidPort: "The port must be between 0 and 65535. Given: \(port)"
        case .unknownHost:
            "Cannot resolve the host \"\(host)\": \(String(cString: gai_strerror(cause)))"
        case .cannotListen: "Cannot listen on \(host), port \(port): \(reason)"
        case .tls(let error): error.description
        case .noDescriptors: "Cannot set up the event loop: \(reason)"
        }
    }

    /// Whether what was asked for can never work, whatever the state of the system.
    public var isConfiguration: Bool {
        switch code {
        case .invalidPort, .tls: true
        case .unknownHost, .cannotListen, .noDescriptors: false
        }
    }

    private var reason: String { String(cString: strerror(cause)) }
}
