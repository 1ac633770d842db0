internal import CKernels
public import System

/// A linear map y = x·Wᵀ + b with weights [outputs, inputs] in 8 bits, packed once for the kernels.
///
/// Each output has a scale of its own: W[n] ≈ scale[n] · p[n], p from −127 to 127, the greatest
/// magnitude of the row over 127 being its scale. A quarter of the bytes of `Linear`.
///
/// Unchecked: the weights are only read, by any number of threads.
public final class QuantizedLinear: @unchecked Sendable {
    /// Rows of W.
    public let outputs: Int
    /// Columns of W.
    public let inputs: Int

    /// Most inputs: beyond it sums could leave 32 bits.
    public static let maximumInputs: Int = CK_INT8_MAX_INPUTS

    private let panels: IntegerStorage<Int8>
    private let scales: Storage
    private let offsets: IntegerStorage<Int32>
    private let bias: Storage?
    private let instructionSet: InstructionSet

    /// Quantises and packs weights, rounding half to even.
    ///
    /// - Parameters:
    ///   - weight: W, row-major [outputs, inputs].
    ///   - bias: b [outputs], kept in fp32, or nil for none.
    ///   - outputs: rows of W.
    ///   - inputs: columns of W, at most `maximumInputs`.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        weight: [Float], bias: [Float]?, outputs: Int, inputs: Int,
        instructionSet: InstructionSet = .best
    ) {
        precondition(outputs > 0 && inputs > 0, "a linear map has inputs and outputs")
        precondition(inputs <= Self.maximumInputs, "sums would leave 32 bits")
        precondition(weight.count == outputs * inputs, "weights of another shape")
        precondition(bias.map { $0.count == outputs } ?? true, "bias of another length")
        self.outputs = outputs
        self.inputs = inputs
        self.instructionSet = instructionSet
        let padded = ck_packed_count(outputs, 1)
        panels = IntegerStorage(zeros: ck_int8_packed_count(outputs, inputs), for: .weights)
        scales = Storage(zeros: padded)
        offsets = IntegerStorage(zeros: padded)
        ck_quantize_weights(
            instructionSet.isa, weight, outputs, inputs, panels.elements, scales.floats,
            offsets.elements)
        self.bias = bias.map { Storage($0, paddedTo: padded) }
    }

    /// Some outputs of another map, the bits that `apply` gives there: their integers and scales as they are.
    private init(_ whole: QuantizedLinear, selecting ids: [Int]) {
        precondition(!ids.isEmpty && ids.allSatisfy { (0..<whole.outputs).contains($0) })
        outputs = ids.count
        inputs = whole.inputs
        instructionSet = whole.instructionSet
        let padded = ck_packed_count(outputs, 1)
        panels = IntegerStorage(zeros: ck_int8_packed_count(outputs, inputs), for: .weights)
        scales = Storage(ids.map { whole.scales.floats[$0] }, paddedTo: padded)
        offsets = IntegerStorage(zeros: padded)
        bias = whole.bias.map { bias in
            Storage(ids.map { bias.floats[$0] }, paddedTo: padded)
        }
        for (place, id) in ids.enumerated() {
            offsets.elements[place] = whole.offsets.elements[id]
            ck_copy_int8_output(
                instructionSet.isa, whole.panels.elements, id, inputs, panels.elements, place)
        }
    }

    /// A map of some outputs alone, the bits that `apply` gives there.
    ///
    /// - Parameter ids: outputs, each from 0 to `outputs` − 1, at least one.
    /// - Returns: the map, whose output i is this one's ids[i].
    func selecting(_ ids: [Int]) -> QuantizedLinear { QuantizedLinear(self, selecting: ids) }

    /// y = activation(x·Wᵀ + b) + residual, row by row: a row's result does not depend on the others.
    ///
    /// The sums of integers are exact; scales, bias, activation and residual follow in fp32. Nothing
    /// is allocated.
    ///
    /// - Parameters:
    ///   - x: as many columns as there are inputs.
    ///   - rows: rows of x; nil for all.
    ///   - y: at least `outputs` columns.
    ///   - first: row of y that the first of `rows` goes to.
    ///   - options: what follows the product.
    ///   - team: helps where the product is large enough; the calling thread must have it. The result
    ///     is the same.
    public func apply(
        _ x: QuantizedRows, rows: Range<Int>? = nil, into y: Matrix, at first: Int = 0,
        _ options: Linear.Options = Linear.Options(), team: ThreadTeam? = nil
    ) {
        precondition(x.columns == inputs && y.columns >= outputs, "shapes do not fit")
        let rows = rows ?? 0..<x.rows
        guard !rows.isEmpty else { return }
        let source = x.pointers(rows: rows)
        var arguments = ck_linear_int8_args()
        arguments.x = source.bytes
        arguments.x_scales = source.scales
        arguments.panels = UnsafePointer(panels.elements)
        arguments.scales = UnsafePointer(scales.floats)
        arguments.offsets = UnsafePointer(offsets.elements)
        arguments.set(
            (outputs, inputs), bias: bias, y: y, rows: first..<first + rows.count, options)
        arguments.run(instructionSet.isa, helpedBy: team)
    }

    /// Some outputs of one row: target[i] = (x·Wᵀ + b)[ids[i]], the bits that `apply` gives there.
    ///
    /// What an exit asks of a few candidates before it pays for the vocabulary. Reads the weights of
    /// these outputs and, since they share cache lines, of the 15 beside each: about 16 · `inputs`
    /// bytes an output. Nothing is allocated.
    ///
    /// - Parameters:
    ///   - x: as many columns as there are inputs.
    ///   - row: row of x.
    ///   - ids: outputs, in any order, each from 0 to `outputs` − 1.
    ///   - target: the row written, at least as many columns as there are ids.
    public func apply(
        _ x: QuantizedRows, row: Int, outputs ids: Span<Int>,
        into target: (matrix: Matrix, row: Int)
    ) {
        precondition(x.columns == inputs, "shapes do not fit")
        checkSelection(ids, outputs: outputs, into: target)
        let source = x.pointers(rows: row..<row + 1)
        ids.withUnsafeBufferPointer { ids in
            var arguments = ck_select_int8_args()
            arguments.x = source.bytes
            arguments.x_scale = source.scales[0]
            arguments.panels = UnsafePointer(panels.elements)
            arguments.scales = UnsafePointer(scales.floats)
            arguments.offsets = UnsafePointer(offsets.elements)
            arguments.bias = bias.map { UnsafePointer($0.floats) }
            arguments.ids = ids.baseAddress
            arguments.y = target.matrix.pointer(row: target.row)
            arguments.inputs = inputs
            arguments.count = ids.count
            ck_select_int8(instructionSet.isa, &arguments)
        }
    }

    /// An embedding look-up in the weights: target row = p[output] · (scale[output] · scale) +
    /// positions[position].
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
        var arguments = ck_unpack_int8_args()
        arguments.panels = UnsafePointer(panels.elements)
        arguments.scales = UnsafePointer(scales.floats)
        arguments.inputs = inputs
        arguments.output = output
        arguments.scale = scale
        arguments.addend = UnsafePointer(position.matrix.pointer(row: position.row))
        arguments.out = target.matrix.pointer(row: target.row)
        ck_unpack_int8_row(instructionSet.isa, &arguments)
    }

    /// Bytes of the packed weights, their scales and the bias.
    public var byteCount: Int {
        panels.count + offsets.count * MemoryLayout<Int32>.stride
            + (scales.count + (bias?.count ?? 0)) * MemoryLayout<Float>.stride
    }
}
