import Foundation

/// The service manager's end of sd_notify.
final class NotifySocket {
    let path: String
    private let descriptor: Int32

    struct Failure: Error {
        let call: String
    }

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience,
            socklen_t(MemoryLayout<timeval>.size))
        guard withAddress({ bind(descriptor, $0, $1) }) == 0 else { throw Failure(call: "bind") }
    }

    deinit { close(descriptor) }

    /// Fills the queue of messages, so that a sender that waits for room would wait for ever.
    func fill() throws {
        let sender = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(sender) }
        while withAddress({ sendto(sender, "x", 1, Int32(MSG_DONTWAIT), $0, $1) }) == 1 {}
        guard errno == EAGAIN else { throw Failure(call: "sendto") }
    }

    private func withAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The next message.
    func next() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failure(call: "recv") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
