import Glibc

/// Tells systemd, where it started this process, how far it is (sd_notify(3)).
struct ServiceManager: Sendable {
    /// Path of the manager's socket; a first `@` stands for the abstract name space.
    private let path: String?
    /// Seconds within which the manager wants to hear that the process is well; nil: not at all.
    let watchdogInterval: Double?

    /// The manager that the environment names.
    init() {
        path = Self.variable("NOTIFY_SOCKET")
        watchdogInterval = Self.variable("WATCHDOG_USEC").flatMap(Double.init).map { $0 / 1e6 }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
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

    private func send(_ state: String) {
        guard let path else { return }
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
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Offset of sun_path, and the name without a terminator, as abstract names need it.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let text = Array(state.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
