import Adaptation
import Glibc
import System

/// Shows an adaptation: a line that is written over on a terminal, lines one below the other elsewhere.
final class AdaptProgress {
    /// The last step of each fit.
    private let steps: [AdaptationRun.Part: Int]
    /// When the budget ends; nil: there is none.
    private let deadline: Double?
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var hasOpenLine = false
    private var shownAt = -Double.infinity
    private var start: (time: Double, count: Int)?
    private var tokens = 0
    private var loss = (sum: 0.0, count: 0)

    /// Steps between two lines where there is no terminal.
    private static let interval = 20
    private static let pause = 0.2

    init(steps: [AdaptationRun.Part: Int], deadline: Double?) {
        self.steps = steps
        self.deadline = deadline
    }

    func show(_ event: AdaptationRun.Event) {
        switch event {
        case .decoded(let done, let count): showDecoded(done, of: count)
        case .started(let part, let step, let sentences):
            start = nil
            tokens = 0
            loss = (0, 0)
            line(
                "\(part.name): learning from \(sentences) sentences, "
                    + (step == 0 ? "a new fit" : "on from step \(step)"))
        case .step(let step, let part, let loss, let tokens):
            showStep(step, of: steps[part] ?? step, loss, tokens)
        case .validated(let part, let step, let comparison, let isBest):
            let first = part == .branch ? 0 : 1
            let agreement = comparison.agreement.enumerated().map {
                "\($0 + first): \(fixed(100 * $1, 1)) %"
            }
            line(
                "held out at step \(step): loss \(fixed(comparison.loss, 4))"
                    + (isBest ? " (best)" : "") + "; agreement with full depth by exit  "
                    + agreement.joined(separator: "  "))
        case .finished(let part, let end, let bestStep):
            let why =
                switch end {
                case .steps: "all steps taken"
                case .patience: "the loss of the held-out sentences no longer falls"
                case .time: "the time is up"
                case .interrupted: "interrupted; --resume goes on"
                }
            line("\(part.name): \(why); the best is that of step \(bestStep)")
        }
    }

    private func showDecoded(_ done: Int, of count: Int) {
        let now = monotonicSeconds()
        let first = start ?? (now, done)
        start = first
        let rate = Double(done - first.count) / max(now - first.time, 1e-3)
        let left = Double(count - done) / rate
        status(
            "full depth: \(done)/\(count) sentences"
                + (done > first.count && done < count ? "  \(duration(left)) left" : ""),
            isDue: done == count || now - shownAt >= (isTerminal ? Self.pause : 10))
    }

    private func showStep(_ step: Int, of steps: Int, _ loss: Double, _ tokens: Int) {
        let now = monotonicSeconds()
        guard let start else {
            self.start = (now, step)
            return
        }
        self.tokens += tokens
        self.loss = (self.loss.sum + loss, self.loss.count + 1)
        let seconds = max(now - start.time, 1e-3)
        let wanted = Double(steps - step) * seconds / Double(max(step - start.count, 1))
        let left = deadline.map { min($0 - now, wanted) } ?? wanted
        let isDue = isTerminal ? now - shownAt >= Self.pause : step % Self.interval == 0
        status(
            "step \(step)/\(steps)  loss \(fixed(self.loss.sum / Double(self.loss.count), 4))"
                + "  \(fixed(Double(self.tokens) / seconds, 0)) tokens/s"
                + "  at most \(duration(left)) left", isDue: isDue || step == steps)
        if isDue { self.loss = (0, 0) }
    }

    private func status(_ text: String, isDue: Bool) {
        guard isDue else { return }
        shownAt = monotonicSeconds()
        guard isTerminal else { return line(text) }
        writeError("\r\u{1B}[K" + text)
        hasOpenLine = true
    }

    private func line(_ text: String) {
        writeError((hasOpenLine ? "\n" : "") + text + "\n")
        hasOpenLine = false
    }
}

extension AdaptationRun.Part {
    /// What people call it.
    fileprivate var name: String {
        switch self {
        case .adapters: "adapters"
        case .branch: "side branch"
        }
    }
}
