public import System

/// The numbers that a network's matrix products are computed in.
public enum Precision: String, Sendable, CaseIterable {
    /// fp32 throughout.
    case float32
    /// Weights in 8 bits with a scale for each output, activations in 8 bits with a scale for each row,
    /// sums exact; keys and values of a decoder in 16 bits, all else in fp32. A quarter of the memory.
    case int8
    /// The same with weights in 7 bits, which are stored as 8: less close to fp32, and sooner on processors with AVX2 that have no
    /// instructions for products of bytes. Elsewhere no sooner.
    case int7

    /// Whether weights and activations are integers.
    public var isQuantized: Bool { self != .float32 }

    /// What maps of this many inputs are computed in: sums of too many 8-bit products would leave 32
    /// bits.
    func applied(inputs: Int) -> Precision {
        inputs <= QuantizedLinear.maximumInputs ? self : .float32
    }
}

/// A linear map y = x·Wᵀ + b in the precision that a network is served in.
public final class Projection: Sendable {
    private let form: Form

    private enum Form: Sendable {
        case float32(Linear)
        case quantized(QuantizedLinear)
    }

    /// Packs weights.
    ///
    /// - Parameters:
    ///   - weight: W, row-major [outputs, inputs].
    ///   - bias: b [outputs], or nil for none.
    ///   - outputs: rows of W.
    ///   - inputs: columns of W.
    ///   - precision: of the product; float32 where there are more inputs than
    ///     `QuantizedLinear.maximumInputs`.
    ///   - isScreened: whether `best` will be asked.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        weight: [Float], bias: [Float]?, outputs: Int, inputs: Int, precision: Precision,
        isScreened: Bool = false, instructionSet: InstructionSet = .best
    ) {
        switch precision.applied(inputs: inputs) {
        case .float32:
            form = .float32(
                Linear(
                    weight: weight, bias: bias, outputs: outputs, inputs: inputs,
                    instructionSet: instructionSet))
        case .int8, .int7:
            form = .quantized(
                QuantizedLinear(
                    weight: weight, bias: bias, outputs: outputs, inputs: inputs,
                    precision: precision, isScreened: isScreened, instructionSet: instructionSet))
        }
    }

    /// What a projection is made of, beside its weights.
    package struct Shape: Sendable {
        let outputs: Int
        let inputs: Int
        let hasBias: Bool
        let precision: Precision
        let isScreened: Bool
        let instructionSet: InstructionSet

        /// As in `Projection.init(weight:bias:outputs:inputs:precision:isScreened:instructionSet:)`.
        package init(
            outputs: Int, inputs: Int, hasBias: Bool, precision: Precision, isScreened: Bool,
            instructionSet: InstructionSet
        ) {
            self.outputs = outputs
            self.inputs = inputs
            self.hasBias = hasBias
            self.precision = precision
            self.isScreened = isScreened
            self.instructionSet = instructionSet
        }
    }

    /// Takes weights that were packed before, for an instruction set of the same `PackedParts.kind`; nil where a part is missing.
    ///
    /// - Parameters:
    ///   - shape: that of the projection whose `parts` they are.
    ///   - take: gives a part of so many bytes; nil where there is none.
    package init?(_ shape: Shape, _ take: PackedParts.Taker) {
        let s = shape
        switch s.precision.applied(inputs: s.inputs) {
        case .float32:
            guard
                let linear = Linear(
                    take, outputs: s.outputs, inputs: s.inputs, hasBias: s.hasBias,
                    instructionSet: s.instructionSet)
            else { return nil }
            form = .float32(linear)
        case .int8, .int7:
            guard
                let linear = QuantizedLinear(
                    take, outputs: s.outputs, inputs: s.inputs, hasBias: s.hasBias,
                    precision: s.precision, isScreened: s.isScreened,
                    instructionSet: s.instructionSet)
            else { return nil }
            form = .quantized(linear)
        }
    }

    /// Its packed form, from which the same projection can be made again.
    package var parts: [PackedParts.Part] {
        switch form {
        case .float32(let linear): linear.parts
        case .quantized(let linear): linear.parts
        }
    }

    /// A projection of some outputs alone, in the same precision: what `apply` gives there to the bit.
    ///
    /// - Parameter ids: outputs, each from 0 to `outputs` − 1, at least one.
    /// - Returns: the map, whose output i is this one's ids[i].
    public func selecting(_ ids: [Int]) -> Projection {
        switch form {
        case .float32(let linear): Projection(.float32(linear.selecting(ids)))
        case .quantized(let linear): Projection(.quantized(linear.selecting(ids)))
        }
    }

    private init(_ form: Form) { self.form = form }

    /// Rows of W.
    public var outputs: Int {
        switch form {
        case .float32(let linear): linear.outputs
        case .quantized(let linear): linear.outputs
        }
    }

    /// y = activation(x·Wᵀ + b) + residual, row by row: a row's result does not depend on the others.
    ///
    /// - Parameters:
    ///   - x: as many columns as there are inputs, of this projection's precision.
    ///   - rows: rows of x; nil for all.
    ///   - y: at least `outputs` columns; not what x reads.
    ///   - first: row of y that the first of `rows` goes to.
    ///   - options: what follows the product. Row i of the residual belongs to row i of y.
    public func apply(
        _ x: ProjectionInput, rows: Range<Int>? = nil, into y: Matrix, at first: Int = 0,
        _ options: Linear.Options = Linear.Options()
    ) {
        let rows = rows ?? 0..<x.rows
        switch form {
        case .float32(let linear):
            linear.apply(x.matrix, rows: rows, into: y, at: first, options, team: x.team)
        case .quantized(let linear):
            linear.apply(x.quantized, rows: rows, into: y, at: first, options, team: x.team)
        }
    }

    /// Whether sums of products are exact integers, so that an output is a number wherever x is.
    public var isExact: Bool {
        switch form {
        case .float32: false
        case .quantized: true
        }
    }

    /// Rows up to which `bests` reads less than `apply`; 0: never.
    public var screenedRows: Int {
        switch form {
        case .float32: 0
        case .quantized(let linear): linear.screenedRows
        }
    }

    /// The greatest output of each row, the lowest among equals and none that is banned: the bits that `apply` gives there, for about half of
    /// the bytes.
    ///
    /// - Parameters:
    ///   - x: 1 … `screenedRows` rows, as many columns as there are inputs, of this projection's precision.
    ///   - banned: for each row an output that is not to be chosen, or nil.
    ///   - bounds: scratch of `outputs` columns and at least as many rows.
    ///   - scratch: a row of at least `LogitRow.maximumBest` columns.
    ///   - bests: what it held is replaced by one for each row; nil where this way does not find it: `apply` does.
    public func bests(
        _ x: ProjectionInput, banned: [Int?], bounds: Matrix, scratch: Matrix,
        into bests: inout [LogitRow.Best?]
    ) {
        guard case .quantized(let linear) = form else {
            preconditionFailure("only maps of integers are screened")
        }
        bests.removeAll(keepingCapacity: true)
        linear.bound(x.quantized, into: bounds, team: x.team)
        for row in 0..<x.rows {
            if let id = banned[row] { LogitRow(bounds, row: row).ban(id) }
            bests.append(linear.best(x.quantized, row: row, bounds: bounds, scratch: scratch))
        }
    }

    /// Some outputs of one row: target[i] = (x·Wᵀ + b)[ids[i]], the bits that `apply` gives there.
    ///
    /// What an exit asks of a few candidates before it pays for the vocabulary: 2 · inputs operations
    /// an output. Nothing is allocated.
    ///
    /// - Parameters:
    ///   - x: as many columns as there are inputs, of this projection's precision.
    ///   - row: row of x.
    ///   - ids: outputs, in any order, each from 0 to `outputs` − 1.
    ///   - target: the row written, at least as many columns as there are ids; not of what x reads.
    public func apply(
        _ x: ProjectionInput, row: Int, outputs ids: Span<Int>,
        into target: (matrix: Matrix, row: Int)
    ) {
        precondition(row >= 0 && row < x.rows, "row outside the input")
        switch form {
        case .float32(let linear): linear.apply(x.matrix, row: row, outputs: ids, into: target)
        case .quantized(let linear): linear.apply(x.quantized, row: row, outputs: ids, into: target)
        }
    }

    /// An embedding look-up in the weights: target row = W[output] · scale + positions[position].
    ///
    /// - Parameters:
    ///   - output: row of W.
    ///   - target: the row written, at least as many columns as there are inputs.
    ///   - scale: factor of the weights.
    ///   - position: the row added, at least as many columns as there are inputs.
    public func embed(
        _ output: Int, into target: (matrix: Matrix, row: Int), scale: Float,
        adding position: (matrix: Matrix, row: Int)
    ) {
        switch form {
        case .float32(let linear):
            linear.embed(output, into: target, scale: scale, adding: position)
        case .quantized(let linear):
            linear.embed(output, into: target, scale: scale, adding: position)
        }
    }

    /// The map that leads back, in fp32 and without the bias.
    ///
    /// - Parameter inputs: columns of W.
    /// - Returns: y = x·W.
    public func transposed(inputs: Int) -> Linear {
        let zero = Matrix(rows: 1, columns: inputs)
        let row = Matrix(rows: 1, columns: inputs)
        var weight = [Float](repeating: 0, count: inputs * outputs)
        for output in 0..<outputs {
            embed(output, into: (row, 0), scale: 1, adding: (zero, 0))
            for (input, value) in row.row(0).enumerated() {
                weight[input * outputs + output] = value
            }
        }
        return Linear(weight: weight, bias: nil, outputs: inputs, inputs: outputs)
    }

    /// Bytes that a product reads: those of `byteCount` without what only `bests` reads.
    public var weightByteCount: Int {
        switch form {
        case .float32(let linear): linear.byteCount
        case .quantized(let linear): linear.weightByteCount
        }
    }

    /// Bytes of the packed weights and the bias.
    public var byteCount: Int {
        switch form {
        case .float32(let linear): linear.byteCount
        case .quantized(let linear): linear.byteCount
        }
    }
}

/// Rows that projections read: as they are, or quantised once for all that read them.
///
/// Belongs to one thread at a time; its memory grows to the most rows seen.
public final class ProjectionInput {
    /// Rows that were set.
    public private(set) var rows = 0
    /// Helps with the products that read these rows while the calling thread has it; nil: nobody does.
    public var team: ThreadTeam?

    let quantized: QuantizedRows
    private(set) var matrix: Matrix
    private let gathered: Matrix
    private let precision: Precision

    /// No rows yet.
    ///
    /// - Parameters:
    ///   - columns: elements of a row.
    ///   - precision: that of the projections that will read them.
    public init(columns: Int, precision: Precision) {
        self.precision = precision.applied(inputs: columns)
        quantized = QuantizedRows(columns: columns)
        gathered = Matrix(rows: 0, columns: columns)
        matrix = gathered
    }

    /// Takes the first rows of a matrix, which stays as it is while projections read it.
    ///
    /// - Parameters:
    ///   - x: as many columns as a row has.
    ///   - count: rows.
    public func set(_ x: Matrix, rows count: Int) {
        rows = count
        matrix = x
        if precision.isQuantized { quantized.quantize(x, rows: 0..<count) }
    }

    /// Takes some rows of a matrix.
    ///
    /// - Parameters:
    ///   - x: as many columns as a row has.
    ///   - selected: rows of x, in any order.
    public func set(_ x: Matrix, selecting selected: [Int]) {
        rows = selected.count
        switch precision {
        case .int8, .int7:
            quantized.quantize(x, selecting: selected.span)
        case .float32:
            matrix = gathered
            gathered.resize(rows: selected.count)
            for (row, source) in selected.enumerated() {
                gathered.copyRow(row, from: x, sourceRow: source)
            }
        }
    }
}
