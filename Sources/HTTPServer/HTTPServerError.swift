import Glibc

/// Why a server could not start.
public struct HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which step failed.
    public enum Code: Sendable, Equatable {
        /// The port is not between 0 and 65535.
        case invalidPort
        /// The host has not the form of one, such as one with a port behind it.
        case invalidHost
        /// The descriptor that was passed is no socket that listens.
        case notInheritable(Int32)
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
        case .invalidHost:
            "The host to listen on must be \(ListenAddress.notation). Given: \(host)"
        case .notInheritable(let descriptor):
            "Descriptor \(descriptor), which was passed to listen on, is no listening stream socket: \(reason)"
        case .cannotListen where host.hasPrefix(ListenAddress.socketPrefix):
            "Cannot listen on \(host): \(reason)"
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
        case .invalidPort, .invalidHost, .notInheritable, .tls: true
        case .unknownHost, .cannotListen, .noDescriptors: false
        }
    }

    init(_ code: Code, _ listener: ListenerConfiguration, cause: Int32 = 0) {
        self.code = code
        host = listener.host
        port = listener.port
        self.cause = cause
    }

    private var reason: String { String(cString: strerror(cause)) }
}
