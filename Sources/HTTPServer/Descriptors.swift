import CSystem
import Glibc

/// The descriptors of an event loop: the listener, epoll and the mailbox's eventfd.
struct Descriptors: Sendable {
    static let listenerToken: UInt64 = 0
    static let wakeToken: UInt64 = 1
    /// The kernel cuts it to net.core.somaxconn.
    private static let backlog: Int32 = 4096

    let epoll: Int32
    let wake: Int32
    let listener: Int32
    let address: ServerAddress

    init(host: String, port: Int) throws(HTTPServerError) {
        func failure(_ code: HTTPServerError.Code, _ cause: Int32) -> HTTPServerError {
            HTTPServerError(code: code, host: host, port: port, cause: cause)
        }
        guard let number = UInt16(exactly: port) else { throw failure(.invalidPort, 0) }
        let listener = shoal_listen(host, number, Self.backlog)
        guard listener >= 0 else {
            switch AddressFailure(listener) {
            case .lookUp(let code): throw failure(.unknownHost, code)
            case .system(let code): throw failure(.cannotListen, code)
            }
        }
        let epoll = shoal_epoll_create()
        let wake = shoal_eventfd_create()
        let steps = [
            epoll, wake,
            shoal_epoll_add(epoll, listener, shoal_epollin, Self.listenerToken),
            shoal_epoll_add(epoll, wake, shoal_epollin, Self.wakeToken),
        ]
        if let failed = steps.first(where: { $0 < 0 }) {
            for descriptor in [listener, epoll, wake] where descriptor >= 0 {
                _ = shoal_close(descriptor)
            }
            throw failure(.noDescriptors, -failed)
        }
        (self.epoll, self.wake, self.listener) = (epoll, wake, listener)
        address = Self.boundAddress(listener)
    }

    private static func boundAddress(_ listener: Int32) -> ServerAddress {
        var address = [CChar](repeating: 0, count: addressBytes)
        var port: UInt16 = 0
        _ = shoal_bound_address(listener, &address, address.count, &port)
        return ServerAddress(host: text(of: address), port: Int(port))
    }

    /// Room for an address in figures, with its terminator.
    static let addressBytes = 64

    /// The text before the terminator.
    static func text(of address: [CChar]) -> String {
        String(
            decoding: address.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

/// The two clocks of an event loop.
enum SystemClock {
    /// Seconds of the monotonic clock.
    static func monotonic() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Whole seconds since 1970.
    static func secondsSince1970() -> Int { time(nil) }
}
