import Foundation

/// Lines of a pipe, read on a thread of its own as they come, so that the pipe never fills.
///
/// Unchecked: everything that changes is touched under the condition's lock.
final class LogReader: @unchecked Sendable {
    /// Seconds that a line may let wait, on a machine under load.
    static let patience = 120.0

    private let condition = NSCondition()
    private var lines: [String] = []
    private var hasEnded = false
    private var next = 0
    private let handle: FileHandle

    /// Begins to read.
    init(_ handle: FileHandle) {
        self.handle = handle
        Thread.detachNewThread { [self] in readAll() }
    }

    /// The lines that have been taken.
    var taken: [String] { condition.withLock { Array(lines[..<next]) } }

    /// Takes lines up to the first for which `isIt` holds.
    ///
    /// - Returns: that line; nil where the log ends before or the time is over.
    func take(until isIt: (String) -> Bool) -> String? {
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        return condition.withLock {
            while true {
                while next < lines.count {
                    next += 1
                    if isIt(lines[next - 1]) { return lines[next - 1] }
                }
                if hasEnded || !condition.wait(until: deadline) { return nil }
            }
        }
    }

    private func readAll() {
        var rest = Data()
        while true {
            let more = handle.availableData
            rest += more
            condition.withLock {
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    lines.append(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
                hasEnded = more.isEmpty
                condition.broadcast()
            }
            if more.isEmpty { return }
        }
    }
}
