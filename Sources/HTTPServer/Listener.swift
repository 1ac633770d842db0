import CSystem
import Glibc

/// A socket that clients connect to.
struct Listener: Sendable {
    /// The kernel cuts it to net.core.somaxconn.
    static let backlog: Int32 = 4096

    let descriptor: Int32
    let address: ServerAddress
    /// The socket file that was made for it.
    private let file: SocketFile?

    init(_ configuration: ListenerConfiguration) throws(HTTPServerError) {
        if let inherited = configuration.inherited {
            let taken = shoal_adopt_listener(inherited)
            guard taken >= 0 else {
                throw HTTPServerError(.notInheritable(inherited), configuration, cause: -taken)
            }
            (descriptor, file) = (inherited, nil)
        } else {
            switch ListenAddress(configuration.host) {
            case nil: throw HTTPServerError(.invalidHost, configuration)
            case .network(let host):
                (descriptor, file) = (try Self.open(host, configuration), nil)
            case .socket(let path):
                descriptor = shoal_listen_unix(
                    path, configuration.socketPermissions, Self.backlog)
                guard descriptor >= 0 else {
                    throw HTTPServerError(.cannotListen, configuration, cause: -descriptor)
                }
                file = SocketFile(path)
            }
        }
        address = Self.boundAddress(descriptor)
    }

    private static func open(
        _ host: String, _ configuration: ListenerConfiguration
    ) throws(HTTPServerError) -> Int32 {
        guard let port = UInt16(exactly: configuration.port) else {
            throw HTTPServerError(.invalidPort, configuration)
        }
        let descriptor = shoal_listen(host, port, backlog)
        guard descriptor < 0 else { return descriptor }
        switch AddressFailure(descriptor) {
        case .lookUp(let code): throw HTTPServerError(.unknownHost, configuration, cause: code)
        case .system(let code): throw HTTPServerError(.cannotListen, configuration, cause: code)
        }
    }

    /// Closes it, and removes the file that it made.
    func close() {
        file?.remove()
        _ = shoal_close(descriptor)
    }

    /// Room for an address in figures, or a path, with its terminator.
    static let addressBytes = 128

    private static func boundAddress(_ descriptor: Int32) -> ServerAddress {
        var address = [CChar](repeating: 0, count: addressBytes)
        var port: UInt16 = 0
        _ = shoal_bound_address(descriptor, &address, address.count, &port)
        return ServerAddress(host: text(of: address), port: Int(port))
    }

    /// The text before the terminator.
    static func text(of address: [CChar]) -> String {
        String(
            decoding: address.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A socket file, known by what it is and not by its name alone: another server may have put its own there.
private struct SocketFile: Sendable {
    private let path: String
    private let device: UInt
    private let inode: UInt

    /// Nil where nothing is there any more.
    init?(_ path: String) {
        guard let status = Self.status(path) else { return nil }
        self.path = path
        (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
    }

    func remove() {
        guard let status = Self.status(path), UInt(status.st_dev) == device,
            UInt(status.st_ino) == inode
        else { return }
        unlink(path)
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}

/// Why shoal_listen or shoal_connect gave no descriptor.
enum AddressFailure {
    /// An EAI code.
    case lookUp(Int32)
    /// An error number.
    case system(Int32)

    /// What a negative result of those functions says.
    init(_ result: Int32) {
        self = result < -10_000 ? .lookUp(result + 10_000) : .system(-result)
    }
}
