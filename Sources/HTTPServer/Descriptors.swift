import CSystem
import Glibc

/// The descriptors of an event loop: the listeners, epoll and the mailbox's eventfd.
struct Descriptors: Sendable {
    static let wakeToken: UInt64 = 0
    /// Those of the other listeners follow it.
    static let firstListenerToken: UInt64 = 1

    let epoll: Int32
    let wake: Int32
    let listeners: [Listener]

    /// - Throws: why one of the listeners cannot be opened; the others are closed then.
    init(_ configurations: [ListenerConfiguration]) throws(HTTPServerError) {
        var listeners: [Listener] = []
        do throws(HTTPServerError) {
            for configuration in configurations { listeners.append(try Listener(configuration)) }
        } catch {
            for listener in listeners { listener.close() }
            throw error
        }
        let epoll = shoal_epoll_create()
        let wake = shoal_eventfd_create()
        var steps = [epoll, wake, shoal_epoll_add(epoll, wake, shoal_epollin, Self.wakeToken)]
        for (index, listener) in listeners.enumerated() {
            steps.append(
                shoal_epoll_add(
                    epoll, listener.descriptor, shoal_epollin, Self.token(ofListener: index)))
        }
        if let failed = steps.first(where: { $0 < 0 }) {
            for descriptor in [epoll, wake] where descriptor >= 0 { _ = shoal_close(descriptor) }
            for listener in listeners { listener.close() }
            throw HTTPServerError(.noDescriptors, configurations[0], cause: -failed)
        }
        (self.epoll, self.wake, self.listeners) = (epoll, wake, listeners)
    }

    static func token(ofListener index: Int) -> UInt64 { firstListenerToken + UInt64(index) }

    /// Which listener an event is about; nil for a connection's.
    func listener(of token: UInt64) -> Int? {
        guard token >= Self.firstListenerToken else { return nil }
        let index = token - Self.firstListenerToken
        return index < UInt64(listeners.count) ? Int(index) : nil
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
