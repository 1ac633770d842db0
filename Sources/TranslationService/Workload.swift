/// Work that is to be done, in units that do not depend on the machine.
package struct Workload: Sendable, Equatable {
    /// Hypotheses times steps: rows that the decoder multiplies.
    package var rowSteps = 0.0
    /// Source positions that the encoder multiplies.
    package var sourceTokens = 0.0
    /// Texts.
    package var sentences = 0.0

    /// Nothing to do.
    package init() {}

    /// Some work.
    package init(rowSteps: Double, sourceTokens: Double, sentences: Double = 1) {
        self.rowSteps = rowSteps
        self.sourceTokens = sourceTokens
        self.sentences = sentences
    }

    package static func += (sum: inout Workload, other: Workload) {
        sum.rowSteps += other.rowSteps
        sum.sourceTokens += other.sourceTokens
        sum.sentences += other.sentences
    }

    /// Takes work away; what rounding leaves below nothing is nothing.
    package static func -= (sum: inout Workload, other: Workload) {
        sum.rowSteps = max(0, sum.rowSteps - other.rowSteps)
        sum.sourceTokens = max(0, sum.sourceTokens - other.sourceTokens)
        sum.sentences = max(0, sum.sentences - other.sentences)
    }

    package static func * (count: Int, work: Workload) -> Workload {
        let count = Double(count)
        return Workload(
            rowSteps: count * work.rowSteps, sourceTokens: count * work.sourceTokens,
            sentences: count * work.sentences)
    }

    package static func + (a: Workload, b: Workload) -> Workload {
        var sum = a
        sum += b
        return sum
    }
}

/// What an iteration of a worker costs, learnt from those that were made: taking sentences into the batch, a
/// step, and handing out what has finished.
///
/// seconds = `base` + `row` · rows + `token` · encoded source tokens. Each iteration moves the three
/// towards what it took, in proportion to their shares in it (normalised least mean squares on a relative
/// scale), so the estimate follows the machine within some dozens of iterations, whatever its speed, and
/// learns the shape from batches of different sizes.
package struct IterationCost: Sendable, Equatable {
    /// Seconds of an iteration, whatever it computes.
    package private(set) var base = 1.0
    /// Seconds that a row adds.
    package private(set) var row = 1.0
    /// Seconds that an encoded source token adds.
    package private(set) var token = 0.5
    private var observations = 0

    /// How far an iteration moves the estimate, once there have been many.
    private static let rate = 0.05
    /// Relative errors beyond which an iteration counts no more: one that was put aside for long says little
    /// of those to come.
    private static let errors = -0.9...8.0

    /// Nothing is known.
    package init() {}

    /// Whether anything has been measured.
    package var isKnown: Bool { observations > 0 }

    /// Seconds of an iteration.
    package func seconds(rows: Double, tokens: Double = 0) -> Double {
        base + row * rows + token * tokens
    }

    /// Takes what an iteration took.
    ///
    /// - Parameters:
    ///   - seconds: above 0; anything else is left out.
    ///   - rows: of its step.
    ///   - tokens: source tokens that it encoded.
    package mutating func observe(seconds: Double, rows: Int, tokens: Int) {
        guard seconds > 0, seconds.isFinite, rows + tokens > 0 else { return }
        let predicted = self.seconds(rows: Double(rows), tokens: Double(tokens))
        defer { observations += 1 }
        if observations == 0 {
            let scale = seconds / predicted
            base *= scale
            row *= scale
            token *= scale
            return
        }
        let error = (seconds - predicted) / predicted
        let bounded = min(max(error, Self.errors.lowerBound), Self.errors.upperBound)
        let shares = [base, row * Double(rows), token * Double(tokens)].map { $0 / predicted }
        let norm = shares.reduce(0) { $0 + $1 * $1 }
        let rate = max(Self.rate, 1 / Double(min(observations, 1000) + 1))
        func factor(_ share: Double) -> Double { max(0.1, 1 + rate * bounded * share / norm) }
        base *= factor(shares[0])
        row *= factor(shares[1])
        token *= factor(shares[2])
    }
}
