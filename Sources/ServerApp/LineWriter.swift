import Glibc

/// Writes lines to a descriptor, and knows which of them arrived whole.
struct LineWriter {
    private static let lineFeed = UInt8(ascii: "\n")

    private let descriptor: Int32
    /// Whether what was written last is the beginning of a line that got no further.
    private var isMidLine = false

    /// Nothing is written yet.
    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes lines; waits where the descriptor has no room for now.
    ///
    /// - Parameter lines: each ends in a line feed.
    /// - Returns: how many were lost or cut.
    mutating func write(_ lines: [UInt8]) -> Int {
        // The line that was cut has been counted; the next one must not look like its rest.
        if isMidLine, writeAll([Self.lineFeed]) != nil { return Self.count(lines[...]) }
        guard let rest = writeAll(lines[...]) else { return 0 }
        return Self.count(rest)
    }

    private static func count(_ lines: ArraySlice<UInt8>) -> Int {
        lines.count { $0 == lineFeed }
    }

    /// Writes bytes.
    ///
    /// - Returns: those that the system does not take; nil where it took all.
    private mutating func writeAll(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                isMidLine = rest[rest.startIndex + count - 1] != Self.lineFeed
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                waitForRoom()
            } else if count == 0 || errno != EINTR {
                return rest
            }
        }
        return nil
    }

    /// For a descriptor that another process has made non-blocking.
    private func waitForRoom() {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wanted, 1, -1)
    }
}
