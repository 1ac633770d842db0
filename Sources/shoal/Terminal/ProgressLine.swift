import Glibc
import System

/// A line on the terminal that says how far long work has come; nothing where standard error is no
/// terminal.
///
/// It is written over, at most ten times a second, and taken away at the end.
final class ProgressLine {
    private let isVisible: Bool
    private let start = monotonicSeconds()
    private var shownAt = -Double.infinity
    private var isOpen = false

    private static let interval = 0.1
    private static let erased = "\r\u{1B}[K"

    /// A line that is shown where there is a terminal, unless there is something else to see.
    init(isShown: Bool = true) {
        isVisible = isShown && isatty(STDERR_FILENO) == 1
    }

    deinit { clear() }

    /// Shows how much is done, with the rate if that is a count.
    func show(_ text: @autoclosure () -> String, count: Int? = nil) {
        let now = monotonicSeconds()
        guard isVisible, now - shownAt >= Self.interval else { return }
        shownAt = now
        isOpen = true
        let line = text() + (count.map { ", \(rate($0, now))" } ?? "")
        writeError(Self.erased + Style.standardError.applied(.faint, to: line))
    }

    /// Takes the line away, for something else to be written.
    func clear() {
        guard isOpen else { return }
        writeError(Self.erased)
        isOpen = false
        shownAt = -.infinity
    }

    /// Leaves a last line with the time that all took.
    func finish(_ text: String, count: Int) {
        clear()
        guard isVisible else { return }
        let now = monotonicSeconds()
        writeMessage("\(text) in \(fixed(now - start, 1)) s, \(rate(count, now))")
    }

    private func rate(_ count: Int, _ now: Double) -> String {
        "\(fixed(Double(count) / max(now - start, 1e-3), 0))/s"
    }
}
