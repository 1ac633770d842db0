import Dispatch
import Glibc
import System
package import Telemetry

/// Writes lines to a descriptor on a queue of its own.
///
/// A reader that does not keep up, has gone away or has no room costs lines, each of which is counted, and
/// never the time of whoever logs. Every line is tried, so writing goes on as soon as it can.
package final class LogOutput: Sendable {
    /// Lines that may wait; further ones are dropped.
    package static let capacity = 4096
    /// Bytes that may wait.
    package static let byteCapacity = 4 << 20

    private let dropped: Counter
    private let waiting = Lock(Waiting())
    private let queue = DispatchQueue(label: "shoal.log")
    /// Held by the queue alone.
    private let writer: Lock<LineWriter>

    private struct Waiting {
        var bytes: [UInt8] = []
        var lines = 0

        func hasRoom(for line: [UInt8]) -> Bool {
            lines < capacity && bytes.count + line.count <= byteCapacity
        }
    }

    /// Lines for a descriptor, counted in a registry.
    package init(descriptor: Int32, registry: MetricRegistry) {
        writer = Lock(LineWriter(descriptor: descriptor))
        dropped = registry.counter(
            "shoal_log_lines_dropped_total",
            help: "Log lines lost or cut: their reader was gone or too slow, or there was no room.")
    }

    /// Leaves a line, which ends in a line feed and holds no other, to be written.
    package func write(_ line: [UInt8]) {
        let isFirst: Bool? = waiting.withLock { waiting in
            guard waiting.hasRoom(for: line) else { return nil }
            waiting.bytes += line
            waiting.lines += 1
            return waiting.lines == 1
        }
        switch isFirst {
        case nil: dropped.increment()
        case true: queue.async { [self] in writeOut() }
        case false: break
        }
    }

    /// Waits until what was left so far has been written or lost, a second at most.
    package func flush() {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + 1)
    }

    private func writeOut() {
        let bytes = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting.bytes
        }
        let lost = writer.withLock { $0.write(bytes) }
        if lost > 0 { dropped.increment(by: lost) }
    }
}
