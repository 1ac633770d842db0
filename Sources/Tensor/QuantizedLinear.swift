internal import CKernels
public import System

/// A linear map y = x·Wᵀ + b with weights [outputs, inputs] in 8 bits, packed once for the kernels.
///
/// Each output has a scale of its own: W[n] ≈ scale[n] · p[n], p from −127 to 127, the greatest
/// magnitude of the row over 127 being its scale; in the precision `int7` 63 stands for 127. A quarter of the bytes of `Linear`.
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
    private let most: ck_weight_most
    private let instructionSet: InstructionSet
    private let plane: ScreeningPlane?

    /// Quantises and packs weights, rounding half to even.
    ///
    /// - Parameters:
    ///   - weight: W, row-major [outputs, inputs].
    ///   - bias: b [outputs], kept in fp32, or nil for none.
    ///   - outputs: rows of W.
    ///   - inputs: columns of W, at most `maximumInputs`.
    ///   - precision: a quantised one.
    ///   - isScreened: whether `best` will be asked, which takes half as much memory more where it pays.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        weight: [Float], bias: [Float]?, outputs: Int, inputs: Int, precision: Precision = .int8,
        isScreened: Bool = false, instructionSet: InstructionSet = .best
    ) {
        precondition(outputs > 0 && inputs > 0, "a linear map has inputs and outputs")
        precondition(inputs <= Self.maximumInputs, "sums would leave 32 bits")
        precondition(weight.count == outputs * inputs, "weights of another shape")
        precondition(bias.map { $0.count == outputs } ?? true, "bias of another length")
        self.outputs = outputs
        self.inputs = inputs
        self.instructionSet = instructionSet
        most = precision.greatestWeight
        let padded = ck_packed_count(outputs, 1)
        panels = IntegerStorage(zeros: ck_int8_packed_count(outputs, inputs), for: .weights)
        scales = Storage(zeros: padded)
        offsets = IntegerStorage(zeros: padded)
        ck_quantize_weights(
            instructionSet.isa, most, weight, outputs, inputs, panels.elements, scales.floats,
            offsets.elements)
        self.bias = bias.map { Storage($0, paddedTo: padded) }
        let pays = ScreeningPlane.pays(outputs: outputs, inputs: inputs, instructionSet.isa)
        plane =
            isScreened && pays
            ? ScreeningPlane(
                panels.elements, most, outputs: outputs, inputs: inputs, instructionSet.isa) : nil
    }

    /// Takes weights that were packed before, for an instruction set of the same `PackedParts.kind`.
    init?(
        _ take: PackedParts.Taker, outputs: Int, inputs: Int, hasBias: Bool, precision: Precision,
        isScreened: Bool, instructionSet: InstructionSet
    ) {
        let padded = ck_packed_count(outputs, 1)
        let count = ck_int8_packed_count(outputs, inputs)
        guard let panels: IntegerStorage<Int8> = PackedParts.integers(.panels, count, take),
            let scales = PackedParts.floats(.scales, padded, take),
            let offsets: IntegerStorage<Int32> = PackedParts.integers(.offsets, padded, take)
        else { return nil }
        let bias = hasBias ? PackedParts.floats(.bias, padded, take) : nil
        let pays = ScreeningPlane.pays(outputs: outputs, inputs: inputs, instructionSet.isa)
        let plane =
            isScreened && pays
            ? ScreeningPlane(
                take, precision.greatestWeight, outputs: outputs, inputs: inputs,
                instructionSet.isa) : nil
        guard bias != nil || !hasBias, plane != nil || !(isScreened && pays) else { return nil }
        self.outputs = outputs
        self.inputs = inputs
        self.instructionSet = instructionSet
        most = precision.greatestWeight
        self.panels = panels
        self.scales = scales
        self.offsets = offsets
        self.bias = bias
        self.plane = plane
    }

    /// What `init(_:outputs:inputs:hasBias:precision:isScreened:instructionSet:)` takes.
    var parts: [PackedParts.Part] {
        [.init(.panels, panels), .init(.scales, scales), .init(.offsets, offsets)]
            + (bias.map { [.init(.bias, $0)] } ?? []) + (plane?.parts ?? [])
    }

    /// Some outputs of another map, the bits that `apply` gives there: their integers and scales as they are.
    private init(_ whole: QuantizedLinear, selecting ids: [Int]) {
        precondition(!ids.isEmpty && ids.allSatisfy { (0..<whole.outputs).contains($0) })
        outputs = ids.count
        inputs = whole.inputs
        instructionSet = whole.instructionSet
        most = whole.most
        plane = nil
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
        arguments.most = most
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
            arguments.most = most
            arguments.bias = bias.map { UnsafePointer($0.floats) }
            arguments.ids = ids.baseAddress
            arguments.y = target.matrix.pointer(row: target.row)
            arguments.inputs = inputs
            arguments.count = ids.count
            ck_select_int8(instructionSet.isa, &arguments)
        }
    }

    /// Rows up to which `best` is cheaper than `apply`; 0: it never is.
    public var screenedRows: Int { plane?.rows ?? 0 }

    /// Bounds of all outputs of rows from above, for `best`: half of the weights' bytes are read.
    ///
    /// - Parameters:
    ///   - x: at most `screenedRows` rows, as many columns as there are inputs.
    ///   - upper: `outputs` columns; receives a row for each of x.
    ///   - team: helps where the map is large enough.
    /// - Precondition: `screenedRows` is not 0.
    public func bound(_ x: QuantizedRows, into upper: Matrix, team: ThreadTeam? = nil) {
        precondition(x.columns == inputs && upper.columns == outputs, "shapes do not fit")
        guard let plane else { preconditionFailure("the map has no plane") }
        plane.bound(x, scales: scales, bias: bias, into: upper, team: team)
    }

    /// The greatest output of a row, the lowest among equals: the bits that `apply` gives there.
    ///
    /// The outputs of the highest bounds are computed; no other whose bound is below the greatest of them can be it. The weights of those
    /// that are left are read as in `apply(_:row:outputs:into:)`. Nothing is allocated.
    ///
    /// - Parameters:
    ///   - x: what `bound` read.
    ///   - row: row of x.
    ///   - upper: what `bound` wrote, −∞ where an output is not to be chosen.
    ///   - scratch: a row of at least `LogitRow.maximumBest` columns.
    /// - Returns: nil where too many outputs could be the greatest, or where none is a number.
    public func best(
        _ x: QuantizedRows, row: Int, bounds upper: Matrix, scratch: Matrix
    ) -> LogitRow.Best? {
        let bounds = LogitRow(upper, row: row, instructionSet: instructionSet)
        let (known, bound) = bounds.withBest(Self.firstTried) { ids, values in
            // No other output has a higher bound than the last of them.
            let isFull = ids.count == Self.firstTried
            return (
                greatest(of: ids, x, row, scratch), isFull ? values[ids.count - 1] : -.infinity
            )
        }
        guard let known, known.value > -.infinity else { return nil }
        guard bound >= known.value else { return known }
        return bounds.withBest(LogitRow.maximumBest, from: known.value) { ids, _ in
            ids.count < LogitRow.maximumBest ? greatest(of: ids, x, row, scratch) : nil
        }
    }

    /// Outputs that are computed at first.
    private static let firstTried = 8

    private func greatest(
        of ids: Span<Int>, _ x: QuantizedRows, _ row: Int, _ scratch: Matrix
    ) -> LogitRow.Best? {
        apply(x, row: row, outputs: ids, into: (scratch, 0))
        var best: LogitRow.Best?
        for place in ids.indices {
            let (id, value) = (ids[place], scratch[0, place])
            guard let other = best else {
                best = LogitRow.Best(id: id, value: value)
                continue
            }
            if value > other.value || (value == other.value && id < other.id) {
                best = LogitRow.Best(id: id, value: value)
            }
        }
        return best
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

    /// Bytes of the packed weights, their scales and the bias, and of what bounds outputs.
    public var byteCount: Int { weightByteCount + (plane?.byteCount ?? 0) }

    /// Bytes that `apply` reads.
    public var weightByteCount: Int {
        panels.count + offsets.count * MemoryLayout<Int32>.stride
            + (scales.count + (bias?.count ?? 0)) * MemoryLayout<Float>.stride
    }
}

extension Precision {
    /// The greatest magnitude of quantised weights.
    var greatestWeight: ck_weight_most {
        self == .int7 ? CK_WEIGHTS_7_BITS : CK_WEIGHTS_8_BITS
    }
}
