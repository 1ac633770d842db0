import Glibc
import Training

/// Shows a training: a line that is written over on a terminal, lines one below the other elsewhere.
final class TrainingProgress {
    private let steps: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    /// Of the steps so far, those of the last minutes most: other work comes and goes.
    private var seconds = 0.0
    private var counted = 0.0
    private static let memory = 600.0
    private var hasOpenLine = false

    init(steps: Int) { self.steps = steps }

    func show(_ event: TrainingRun.Event) {
        switch event {
        case .started(let step, let parameters):
            line("\(parameters) parameters, " + (step == 0 ? "a new run" : "on from step \(step)"))
        case .steps(let interval): show(interval)
        case .validated(let validation): show(validation)
        case .saved: break
        case .nothingLeft(let step):
            line(
                "all \(step) steps have been taken before; the model stays as it is. --steps goes on, "
                    + "--replace-model writes it again")
        case .finished(let end):
            let why =
                switch end.reason {
                case .steps: "all steps taken"
                case .patience: "the validation loss no longer falls"
                case .interrupted: "interrupted; --resume goes on"
                }
            let mean = end.averaged.map(String.init).joined(separator: ", ")
            line("\(why); the model is the mean of steps \(mean), loss \(fixed(end.loss, 4))")
        }
    }

    private func show(_ interval: TrainingRun.Interval) {
        let kept = exp(-interval.seconds / Self.memory)
        seconds = kept * seconds + interval.seconds
        counted = kept * counted + Double(interval.count)
        let left = Double(steps - interval.last.step) * seconds / counted
        let text =
            "step \(interval.last.step)/\(steps)  epoch \(fixed(interval.last.epoch, 2))"
            + "  loss \(fixed(interval.loss, 4))  rate \(interval.last.rate.short)"
            + "  norm \(fixed(interval.last.gradientNorm, 2))"
            + "  \(fixed(interval.tokensPerSecond, 0)) tokens/s  \(duration(left)) left"
        guard isTerminal else { return line(text) }
        writeError("\r\u{1B}[K" + text)
        hasOpenLine = true
    }

    private func show(_ validation: TrainingRun.Validation) {
        let asked = validation.result.exits.enumerated().filter { $0.element.count > 0 }
        let exits = asked.map { index, exit in
            "\(index + 1): \(fixed(exit.perplexity, 2)) \(fixed(100 * exit.accuracy, 1)) %"
        }
        line(
            "validation at step \(validation.step): loss \(fixed(validation.result.objective, 4))"
                + (validation.isBest ? " (best)" : "")
                + "; perplexity and accuracy by exit  " + exits.joined(separator: "  ")
                + "; cross-attention \(fixed(validation.result.meanCrossFocus, 2)) × uniform")
    }

    private func line(_ text: String) {
        writeError((hasOpenLine ? "\n" : "") + text + "\n")
        hasOpenLine = false
    }
}

extension Double {
    /// Three digits and a power of ten.
    fileprivate var short: String {
        guard self > 0 else { return "0" }
        let exponent = Int(log10(self).rounded(.down))
        return fixed(self / pow(10, Double(exponent)), 2) + "e\(exponent)"
    }
}
