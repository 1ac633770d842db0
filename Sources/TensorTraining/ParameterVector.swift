internal import CKernels
import Glibc
public import Tensor

/// All parameters of a network, or their gradients or moments, one after the other in fp32.
///
/// Unchecked: whoever trains takes care that nobody writes what another thread reads.
public final class ParameterVector: @unchecked Sendable {
    /// Number of values.
    public let count: Int
    private let storage: Storage
    private let instructionSet: InstructionSet

    /// Zeros.
    public init(count: Int, instructionSet: InstructionSet = .best) {
        precondition(count >= 0)
        self.count = count
        self.instructionSet = instructionSet
        storage = Storage(zeros: count)
    }

    /// One value.
    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index outside the vector")
            return storage.floats[index]
        }
        set {
            precondition(index >= 0 && index < count, "index outside the vector")
            storage.floats[index] = newValue
        }
    }

    /// Calls `body` with some of the values.
    public func withValues<Result, Failure>(
        _ range: Range<Int>, _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: pointer(range), count: range.count))
    }

    /// Copies values in, from `start` on.
    public func set(_ values: [Float], at start: Int) {
        let target = pointer(start..<start + values.count)
        values.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            memcpy(target, first, values.count * MemoryLayout<Float>.stride)
        }
    }

    /// Takes over all values of a vector of the same length.
    public func copy(from other: ParameterVector) {
        precondition(other.count == count, "vectors of different lengths")
        memcpy(pointer(0..<count), other.pointer(0..<count), count * MemoryLayout<Float>.stride)
    }

    /// Copies some of the values to another place, which must not overlap.
    public func copy(_ range: Range<Int>, to start: Int) {
        memcpy(
            pointer(start..<start + range.count), pointer(range),
            range.count * MemoryLayout<Float>.stride)
    }

    /// Sets some of the values to zero.
    public func clear(_ range: Range<Int>) {
        memset(pointer(range), 0, range.count * MemoryLayout<Float>.stride)
    }

    /// Adds scale · the same places of another vector.
    public func add(_ other: ParameterVector, scale: Float = 1, in range: Range<Int>) {
        ck_add_scaled(
            instructionSet.isa, pointer(range), other.pointer(range), range.count, scale)
    }

    /// Moves all values a share of the way to those of another vector of the same length: a running mean.
    public func move(towards other: ParameterVector, share: Float) {
        precondition(other.count == count, "vectors of different lengths")
        let (own, target) = (pointer(0..<count), other.pointer(0..<count))
        for index in 0..<count { own[index] += share * (target[index] - own[index]) }
    }

    /// The sum of squares of some of the values, in double.
    public func squareSum(_ range: Range<Int>) -> Double {
        ck_square_sum(instructionSet.isa, pointer(range), range.count)
    }

    /// Adds scale · a row of a matrix, from `start` on: the gradient of an embedding look-up.
    public func addRow(_ matrix: Matrix, row: Int, scale: Float, at start: Int) {
        ck_add_scaled(
            instructionSet.isa, pointer(start..<start + matrix.columns), matrix.pointer(row: row),
            matrix.columns, scale)
    }

    /// Writes scale · values from `start` on + a row of `positions` into a row: an embedding look-up.
    public func embed(
        at start: Int, scale: Float, adding position: (matrix: Matrix, row: Int),
        into target: (matrix: Matrix, row: Int)
    ) {
        let columns = target.matrix.columns
        target.matrix.copyRow(
            target.row, from: position.matrix, sourceRow: position.row)
        ck_add_scaled(
            instructionSet.isa, target.matrix.pointer(row: target.row),
            pointer(start..<start + columns), columns, scale)
    }

    /// The first of some values, all of which must exist.
    func pointer(_ range: Range<Int>) -> UnsafeMutablePointer<Float> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside the vector")
        return storage.floats + range.lowerBound
    }
}

/// Adam (Kingma and Ba, 2015, algorithm 1) with decoupled weight decay (Loshchilov and Hutter, 2019).
public struct Adam: Sendable, Equatable {
    /// Decay of the mean of gradients.
    public var beta1: Float = 0.9
    /// Decay of the mean of squared gradients.
    public var beta2: Float = 0.98
    /// Added to the root of the mean of squares.
    public var epsilon: Float = 1e-9
    /// Share of a parameter that a step of rate 1 takes away; 0 for none.
    public var weightDecay: Float = 0
    private let instructionSet: InstructionSet

    /// The defaults above.
    ///
    /// - Parameter instructionSet: the variant of the kernels to use.
    public init(instructionSet: InstructionSet = .best) { self.instructionSet = instructionSet }

    /// What an optimiser keeps for every parameter.
    public final class Moments: Sendable {
        /// The mean of gradients.
        public let first: ParameterVector
        /// The mean of squared gradients.
        public let second: ParameterVector

        /// Zeros.
        public init(count: Int) {
            first = ParameterVector(count: count)
            second = ParameterVector(count: count)
        }
    }

    /// One step on some of the parameters.
    ///
    /// - Parameters:
    ///   - parameters: changed.
    ///   - gradient: of the loss, as long.
    ///   - moments: changed.
    ///   - range: which ones.
    ///   - step: number, rate and clipping of the step.
    public func apply(
        _ parameters: ParameterVector, gradient: ParameterVector, moments: Moments,
        in range: Range<Int>, _ step: Step
    ) {
        var arguments = ck_adam_args()
        arguments.parameters = parameters.pointer(range)
        arguments.gradient = UnsafePointer(gradient.pointer(range))
        arguments.first_moment = moments.first.pointer(range)
        arguments.second_moment = moments.second.pointer(range)
        arguments.count = range.count
        arguments.gradient_scale = step.gradientScale
        arguments.beta1 = beta1
        arguments.beta2 = beta2
        arguments.epsilon = epsilon
        let number = Double(step.number)
        arguments.rate = Float(Double(step.rate) / (1 - pow(Double(beta1), number)))
        arguments.correction = Float(1 / (1 - pow(Double(beta2), number)))
        arguments.decay = step.rate * weightDecay
        ck_adam(instructionSet.isa, &arguments)
    }

    /// What changes from step to step.
    public struct Step: Sendable {
        /// t, counted from 1.
        public var number: Int
        /// The learning rate.
        public var rate: Float
        /// Multiplies the gradient before all else: clipping.
        public var gradientScale: Float

        /// All three.
        public init(number: Int, rate: Float, gradientScale: Float) {
            self.number = number
            self.rate = rate
            self.gradientScale = gradientScale
        }
    }
}
