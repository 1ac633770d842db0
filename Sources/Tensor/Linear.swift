internal import CKernels
public import System

/// A linear map y = x·Wᵀ + b with weights [outputs, inputs], packed once for the kernels.
///
/// Unchecked: the weights are only read, by any number of threads; those of a `TrainableLinear` are
/// rewritten between uses.
public final class Linear: @unchecked Sendable {
    /// Rows of W.
    public let outputs: Int
    /// Columns of W.
    public let inputs: Int

    package let panels: Storage
    package let bias: Storage?
    package let instructionSet: InstructionSet

    /// Packs weights.
    ///
    /// - Parameters:
    ///   - weight: W, row-major [outputs, inputs].
    ///   - bias: b [outputs], or nil for none.
    ///   - outputs: rows of W.
    ///   - inputs: columns of W.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        weight: [Float], bias: [Float]?, outputs: Int, inputs: Int,
        instructionSet: InstructionSet = .best
    ) {
        precondition(outputs > 0 && inputs > 0, "a linear map has inputs and outputs")
        precondition(weight.count == outputs * inputs, "weights of another shape")
        precondition(bias.map { $0.count == outputs } ?? true, "bias of another length")
        self.outputs = outputs
        self.inputs = inputs
        self.instructionSet = instructionSet
        panels = Storage(zeros: ck_packed_count(outputs, inputs), for: .weights)
        ck_pack(weight, outputs, inputs, panels.floats)
        self.bias = bias.map { Storage($0, paddedTo: ck_packed_count(outputs, 1)) }
    }

    /// Takes weights that were packed before.
    init?(
        _ take: PackedParts.Taker, outputs: Int, inputs: Int, hasBias: Bool,
        instructionSet: InstructionSet
    ) {
        guard
            let panels = PackedParts.floats(.panels, ck_packed_count(outputs, inputs), take)
        else { return nil }
        let bias = hasBias ? PackedParts.floats(.bias, ck_packed_count(outputs, 1), take) : nil
        guard bias != nil || !hasBias else { return nil }
        self.outputs = outputs
        self.inputs = inputs
        self.instructionSet = instructionSet
        self.panels = panels
        self.bias = bias
    }

    /// What `init(_:outputs:inputs:hasBias:instructionSet:)` takes.
    var parts: [PackedParts.Part] {
        [.init(.panels, panels)] + (bias.map { [.init(.bias, $0)] } ?? [])
    }

    /// Room for weights that are packed later, and for a bias where there is one.
    package init(outputs: Int, inputs: Int, hasBias: Bool, instructionSet: InstructionSet) {
        precondition(outputs > 0 && inputs > 0, "a linear map has inputs and outputs")
        self.outputs = outputs
        self.inputs = inputs
        self.instructionSet = instructionSet
        panels = Storage(zeros: ck_packed_count(outputs, inputs), for: .weights)
        bias = hasBias ? Storage(zeros: ck_packed_count(outputs, 1)) : nil
    }

    /// y = activation(x·Wᵀ + b) + residual, row by row: a row's result does not depend on the others.
    ///
    /// - Parameters:
    ///   - x: at least `inputs` columns.
    ///   - rows: rows of x.
    ///   - y: at least `outputs` columns; not x.
    ///   - first: row of y that the first of `rows` goes to.
    ///   - options: what follows the product.
    ///   - team: helps where the product is large enough; the calling thread must have it. The result
    ///     is the same.
    public func apply(
        _ x: Matrix, rows: Range<Int>, into y: Matrix, at first: Int = 0,
        _ options: Options = Options(), team: ThreadTeam? = nil
    ) {
        precondition(x.columns >= inputs && y.columns >= outputs && x !== y, "shapes do not fit")
        guard !rows.isEmpty else { return }
        var arguments = ck_linear_args()
        arguments.x = UnsafePointer(x.pointer(rows: rows))
        arguments.ldx = x.columns
        arguments.panels = UnsafePointer(panels.floats)
        arguments.set(
            (outputs, inputs), bias: bias, y: y, rows: first..<first + rows.count, options)
        arguments.run(instructionSet.isa, helpedBy: team)
    }

    /// Some outputs of one row: target[i] = (x·Wᵀ + b)[ids[i]], the bits that `apply` gives there.
    ///
    /// Reads the weights of these outputs and, since they share cache lines, of the 15 beside each:
    /// about 64 · `inputs` bytes an output. Nothing is allocated.
    ///
    /// - Parameters:
    ///   - x: at least `inputs` columns.
    ///   - row: row of x.
    ///   - ids: outputs, in any order, each from 0 to `outputs` − 1.
    ///   - target: the row written, at least as many columns as there are ids; not of x.
    public func apply(
        _ x: Matrix, row: Int, outputs ids: Span<Int>, into target: (matrix: Matrix, row: Int)
    ) {
        precondition(x.columns >= inputs && x !== target.matrix, "shapes do not fit")
        checkSelection(ids, outputs: outputs, into: target)
        ids.withUnsafeBufferPointer { ids in
            var arguments = ck_select_args()
            arguments.x = UnsafePointer(x.pointer(row: row))
            arguments.panels = UnsafePointer(panels.floats)
            arguments.bias = bias.map { UnsafePointer($0.floats) }
            arguments.ids = ids.baseAddress
            arguments.y = target.matrix.pointer(row: target.row)
            arguments.inputs = inputs
            arguments.count = ids.count
            ck_select(instructionSet.isa, &arguments)
        }
    }

    /// What follows the product.
    public struct Options {
        /// Applied to x·Wᵀ + b.
        public var activation: Activation
        /// Added last, at least `outputs` columns.
        ///
        /// Its row i belongs to row i of y, so that it may be y itself. Nil adds nothing.
        public var residual: Matrix?

        /// By default nothing follows.
        public init(activation: Activation = .identity, residual: Matrix? = nil) {
            self.activation = activation
            self.residual = residual
        }
    }

    /// An embedding look-up in the weights: target row = W[output] · scale + positions[position].
    ///
    /// - Parameters:
    ///   - output: row of W.
    ///   - target: the row written, at least `inputs` columns.
    ///   - scale: factor of the weights.
    ///   - position: the row added, at least `inputs` columns.
    public func embed(
        _ output: Int, into target: (matrix: Matrix, row: Int), scale: Float,
        adding position: (matrix: Matrix, row: Int)
    ) {
        precondition(output >= 0 && output < outputs, "row outside the weights")
        precondition(target.matrix.columns >= inputs && position.matrix.columns >= inputs)
        ck_unpack_row(
            panels.floats, inputs, output, scale, position.matrix.pointer(row: position.row),
            target.matrix.pointer(row: target.row))
    }

    /// A map of some outputs alone, the bits that `apply` gives there.
    ///
    /// - Parameter ids: outputs, each from 0 to `outputs` − 1, at least one.
    /// - Returns: the map, whose output i is this one's ids[i].
    func selecting(_ ids: [Int]) -> Linear {
        precondition(!ids.isEmpty && ids.allSatisfy { (0..<outputs).contains($0) })
        let selected = Linear(
            outputs: ids.count, inputs: inputs, hasBias: bias != nil,
            instructionSet: instructionSet)
        let width = Int(CK_PANEL)
        for (place, id) in ids.enumerated() {
            let source = panels.floats + id / width * width * inputs + id % width
            let target = selected.panels.floats + place / width * width * inputs + place % width
            for input in 0..<inputs { target[input * width] = source[input * width] }
            if let bias, let own = selected.bias { own.floats[place] = bias.floats[id] }
        }
        return selected
    }

    /// Bytes of the packed weights and the bias.
    public var byteCount: Int {
        (panels.count + (bias?.count ?? 0)) * MemoryLayout<Float>.stride
    }
}
