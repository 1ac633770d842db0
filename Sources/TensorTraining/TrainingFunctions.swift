internal import CKernels
public import Tensor

/// Dropout (Srivastava et al., 2014) whose choices follow from a key, so that the way back repeats them
/// without keeping a mask.
public struct Dropout: Sendable {
    private let threshold: UInt32
    private let scale: Float
    private let instructionSet: InstructionSet
    /// Whether nothing is ever dropped.
    public let isOff: Bool

    /// Drops a share of elements and makes up for it in the others.
    ///
    /// - Parameters:
    ///   - rate: share of elements that become 0, in 0 ..< 1; the others are divided by 1 − rate.
    ///   - instructionSet: the variant of the kernels to use.
    public init(rate: Double, instructionSet: InstructionSet = .best) {
        precondition(rate >= 0 && rate < 1, "a dropout rate is in 0 ..< 1")
        threshold = UInt32(rate * 4_294_967_296)
        scale = Float(1 / (1 - rate))
        isOff = threshold == 0
        self.instructionSet = instructionSet
    }

    /// Drops elements of all rows of `values`, then adds those of `addend`.
    ///
    /// - Parameters:
    ///   - values: changed in place.
    ///   - key: the same key drops the same places.
    ///   - addend: of the same shape, or nil to add nothing.
    public func apply(_ values: Matrix, key: UInt32, adding addend: Matrix? = nil) {
        let count = values.rows * values.columns
        guard count > 0, !isOff || addend != nil else { return }
        let other = addend.map { addend in
            precondition(addend.rows == values.rows && addend.columns == values.columns)
            return addend.pointer(row: 0)
        }
        ck_dropout(
            instructionSet.isa, values.pointer(row: 0), other, count, key, threshold, scale)
    }
}

extension Activation {
    /// dy *= activation'(x), all elements; x before the activation, for ReLU also after it.
    public func gradient(
        _ dy: Matrix, at x: Matrix, instructionSet: InstructionSet = .best
    ) {
        precondition(dy.rows == x.rows && dy.columns == x.columns, "shapes do not fit")
        guard dy.rows > 0, self != .identity else { return }
        ck_activate_backward(
            instructionSet.isa, kernel, x.pointer(row: 0), dy.pointer(row: 0),
            dy.rows * dy.columns)
    }

    /// y = activation(x), all elements.
    public func apply(_ x: Matrix, into y: Matrix) {
        precondition(y.rows == x.rows && y.columns == x.columns, "shapes do not fit")
        y.copyRows(from: x)
        guard y.rows > 0 else { return }
        ck_activate(InstructionSet.best.isa, kernel, y.pointer(row: 0), y.rows * y.columns)
    }
}

extension Matrix {
    /// Adds scale · another matrix of the same shape.
    public func add(_ other: Matrix, scale: Float = 1) {
        precondition(other.rows == rows && other.columns == columns, "shapes do not fit")
        guard rows > 0 else { return }
        ck_add_scaled(
            InstructionSet.best.isa, pointer(row: 0), other.pointer(row: 0), rows * columns, scale)
    }

    /// Adds scale · a row of another matrix to one of this.
    public func addRow(_ row: Int, _ other: Matrix, otherRow: Int, scale: Float = 1) {
        precondition(other.columns == columns, "rows of different widths")
        ck_add_scaled(
            InstructionSet.best.isa, pointer(row: row), other.pointer(row: otherRow), columns, scale
        )
    }
}

/// Cross-entropy of rows of logits with smoothed targets and, where wanted, a teacher.
///
/// The target distribution is (1 − κ)·((1 − ε)·δ_y + ε·uniform over the allowed ids) + κ·teacher; a
/// logit of −∞ marks an id that is not allowed.
public struct CrossEntropy: Sendable {
    /// ε, the weight of the uniform distribution.
    public var smoothing: Float
    /// κ, the weight of the teacher where there is one.
    public var teacherWeight: Float
    /// Ids whose logit is not −∞.
    public var allowed: Int
    private let instructionSet: InstructionSet

    /// All three, and the variant of the kernels to use.
    public init(
        smoothing: Float, teacherWeight: Float, allowed: Int,
        instructionSet: InstructionSet = .best
    ) {
        self.instructionSet = instructionSet
        self.smoothing = smoothing
        self.teacherWeight = teacherWeight
        self.allowed = allowed
    }

    /// What a row gave.
    public struct Loss: Sendable {
        /// −Σ target distribution · log softmax.
        public let loss: Float
        /// log softmax at the target.
        public let logProbability: Float
        /// Id of the greatest logit, the lowest among equals.
        public let best: Int
    }

    /// The loss of a row, which becomes scale · its gradient.
    ///
    /// - Parameters:
    ///   - logits: matrix and row.
    ///   - target: y.
    ///   - scale: of the gradient.
    ///   - teacher: matrix and row of a distribution to learn from.
    ///   - probabilities: matrix and row that receive the softmax.
    /// - Returns: the loss and what else is known of the row.
    public func apply(
        _ logits: (matrix: Matrix, row: Int), target: Int, scale: Float,
        teacher: (matrix: Matrix, row: Int)? = nil,
        probabilities: (matrix: Matrix, row: Int)? = nil
    ) -> Loss {
        let count = logits.matrix.columns
        precondition(target >= 0 && target < count, "target outside the vocabulary")
        precondition((teacher?.matrix.columns ?? count) == count)
        precondition((probabilities?.matrix.columns ?? count) == count)
        var arguments = ck_loss_args()
        arguments.logits = logits.matrix.pointer(row: logits.row)
        arguments.count = count
        arguments.allowed = allowed
        arguments.target = target
        arguments.smoothing = smoothing
        arguments.teacher = teacher.map { UnsafePointer($0.matrix.pointer(row: $0.row)) }
        arguments.teacher_weight = teacher == nil ? 0 : teacherWeight
        arguments.scale = scale
        let result = ck_cross_entropy(
            instructionSet.isa, &arguments,
            probabilities.map { $0.matrix.pointer(row: $0.row) })
        return Loss(
            loss: result.loss, logProbability: result.log_probability, best: Int(result.best))
    }
}
