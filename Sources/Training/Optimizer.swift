import Dispatch
import Glibc
import System
import Tensor
import TensorTraining

/// How the learning rate goes over the steps.
public struct LearningRate: Sendable, Equatable {
    /// What follows the warm-up.
    public enum Decay: String, Sendable, CaseIterable {
        /// Stays at the peak.
        case constant
        /// peak · √(W / step)
        case inverseSquareRoot = "inverse_square_root"
        /// Down to 0 at the last step along half a cosine.
        case cosine
        /// Down to 0 at the last step along a line.
        case linear
    }

    /// The highest rate.
    public var peak: Double
    /// W, steps in which the rate rises from 0 to the peak.
    public var warmUp: Int
    /// What follows.
    public var decay: Decay

    /// All three.
    public init(peak: Double = 1.2e-3, warmUp: Int = 400, decay: Decay = .inverseSquareRoot) {
        self.peak = peak
        self.warmUp = warmUp
        self.decay = decay
    }

    /// The rate of a step.
    ///
    /// - Parameters:
    ///   - step: counted from 1.
    ///   - last: the last step, which `cosine` and `linear` end at.
    /// - Returns: at most `peak`.
    public func rate(_ step: Int, last: Int) -> Double {
        if step < warmUp { return peak * Double(step) / Double(warmUp) }
        let rest = Double(step - warmUp) / Double(max(last - warmUp, 1))
        switch decay {
        case .constant: return peak
        case .inverseSquareRoot:
            return peak * (Double(max(warmUp, 1)) / Double(max(step, 1))).squareRoot()
        case .cosine: return peak * (1 + cos(.pi * min(rest, 1))) / 2
        case .linear: return peak * max(1 - rest, 0)
        }
    }
}

/// Measures gradients and takes steps of Adam, on all threads.
struct Optimizer {
    let adam: Adam
    let moments: Adam.Moments
    let threads: Int

    /// Parts of a vector that one thread works on at a time; their number does not follow the threads,
    /// so that sums over them have the same bits with any number.
    private static let chunk = 1 << 16

    /// The Euclidean norm of some parts of a gradient.
    func norm(_ gradient: ParameterVector, in ranges: [Range<Int>]) -> Double {
        let chunks = Self.chunks(ranges)
        let sums = Lock([Double](repeating: 0, count: chunks.count))
        each(chunks.count) { index in
            let sum = gradient.squareSum(chunks[index])
            sums.withLock { $0[index] = sum }
        }
        return sums.withLock { $0.reduce(0, +) }.squareRoot()
    }

    /// Changes some parts of the parameters by their gradient.
    func step(
        _ parameters: ParameterVector, _ gradient: ParameterVector, in ranges: [Range<Int>],
        _ step: Adam.Step
    ) {
        let chunks = Self.chunks(ranges)
        each(chunks.count) { index in
            adam.apply(
                parameters, gradient: gradient, moments: moments, in: chunks[index], step)
        }
    }

    private static func chunks(_ ranges: [Range<Int>]) -> [Range<Int>] {
        ranges.flatMap { range in
            stride(from: range.lowerBound, to: range.upperBound, by: chunk).map {
                $0..<min($0 + chunk, range.upperBound)
            }
        }
    }

    private func each(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard threads > 1 else { return (0..<count).forEach(body) }
        DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
}
