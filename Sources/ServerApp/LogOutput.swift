import Dispatch
import Glibc
import System
import Telemetry

/// Writes lines to a descriptor on a queue of its own.
///
/// A reader that does not keep up costs lines, which are counted, and never the time of whoever logs.
final class LogOutput: Sendable {
    /// Lines that may wait; further ones are dropped.
    static let capacity = 4096

    private let descriptor: Int32
    private let dropped: Counter
    private let waiting = Lock(Waiting())
    private let queue = DispatchQueue(label: "shoal.log")

    private struct Waiting {
        var bytes: [UInt8] = []
        var lines = 0
    }

    init(descriptor: Int32, registry: MetricRegistry) {
        self.descriptor = descriptor
        dropped = registry.counters(
            "shoal_log_lines_dropped_total", help: "Log lines that nobody read in time."
        ).labeled()
    }

    /// Leaves a line to be written.
    func write(_ line: [UInt8]) {
        let isFirst: Bool? = waiting.withLock { waiting in
            guard waiting.lines < Self.capacity else { return nil }
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

    /// Waits until what was left so far has been written, a second at most.
    func flush() {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + 1)
    }

    private func writeOut() {
        let bytes = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting.bytes
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }
}
