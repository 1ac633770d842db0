import Dispatch
import Glibc
import Synchronization

/// Tells systemd, where it started this process, how far it is (sd_notify(3)).
///
/// A manager that does not read costs its messages, never the time of whoever tells.
final class ServiceManager: Sendable {
    /// Messages that may wait to be sent; further ones are dropped.
    private static let capacity = 8
    /// Longest interval of a watchdog that means anything, in seconds.
    private static let longestInterval = 86_400.0

    /// Path of the manager's socket; a first `@` stands for the abstract name space.
    private let path: String?
    /// Seconds within which the manager wants to hear that the process is well; nil: not at all.
    let watchdogInterval: Double?
    private let queue = DispatchQueue(label: "shoal.manager")
    private let waiting = Atomic(0)

    /// The manager that the environment names.
    init() {
        path = Self.variable("NOTIFY_SOCKET")
        watchdogInterval = Self.interval(
            Self.variable("WATCHDOG_USEC"), process: Self.variable("WATCHDOG_PID"))
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// What sd_watchdog_enabled(3) makes of the two variables.
    private static func interval(_ microseconds: String?, process: String?) -> Double? {
        if let process, process != String(getpid()) { return nil }
        guard let count = microseconds.flatMap({ UInt64($0) }), count > 0 else { return nil }
        return min(Double(count) / 1e6, longestInterval)
    }

    /// Requests are served.
    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    /// A reload begins; `ready` ends it.
    func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    /// The process is on its way out.
    func stopping() { send("STOPPING=1") }

    /// The process is well.
    func isWell() { send("WATCHDOG=1") }

    /// Waits until what was told so far has been sent, a second at most.
    func flush() {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + 1)
    }

    private func send(_ state: String) {
        guard let path else { return }
        guard waiting.add(1, ordering: .relaxed).oldValue < Self.capacity else {
            waiting.subtract(1, ordering: .relaxed)
            return
        }
        queue.async { [self] in
            Self.send(Array(state.utf8), to: path)
            waiting.subtract(1, ordering: .relaxed)
        }
    }

    private static func send(_ text: [UInt8], to path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = path.utf8.map { $0 }
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            return
        }
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            target.copyBytes(from: bytes)
            if bytes[0] == UInt8(ascii: "@") { target[0] = 0 }
        }
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A full queue of messages is waited for, but not for ever.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience,
            socklen_t(MemoryLayout<timeval>.size))
        // Offset of sun_path, and the name without a terminator, as abstract names need it.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
