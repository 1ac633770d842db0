/// Where clients connect.
public struct ListenerConfiguration: Sendable, Equatable {
    /// As `ListenAddress` has it; "::" serves IPv4 too.
    public var host: String
    /// TCP port, 0 to 65535; 0 lets the system choose one.
    public var port: Int
    /// Permissions of the socket file, where the host is a Unix socket: who may write to it may connect.
    public var socketPermissions: UInt32 = 0o660
    /// A listening socket of somebody else's making, which is taken over and stands instead of host and port.
    public var inherited: Int32?

    /// A listener at a host and a port.
    public init(host: String = "127.0.0.1", port: Int = 8080) {
        self.host = host
        self.port = port
    }
}
