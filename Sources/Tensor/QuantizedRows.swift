internal import CKernels

/// Rows of activations in 8 bits with a scale each: x ≈ scale · q, q from −127 to 127, the greatest
/// magnitude of a row over 127 being its scale.
///
/// What `QuantizedLinear` multiplies. Quantised once, rows serve any number of products: those of
/// queries, keys and values that share their input, or of an exit's few candidates and then of all
/// of its outputs. Kept by the caller from step to step, so that nothing is allocated in between.
/// Belongs to one thread at a time.
public final class QuantizedRows {
    /// Elements of a row.
    public let columns: Int
    /// Rows in use.
    public private(set) var rows = 0
    /// Rows that fit before memory grows.
    public var capacity: Int { scaleStorage.count }

    private let stride: Int
    private let instructionSet: InstructionSet
    private var bytes: IntegerStorage<UInt8>
    private var scaleStorage: Storage

    /// No rows yet.
    ///
    /// - Parameters:
    ///   - columns: elements of a row.
    ///   - capacity: rows that fit before memory grows.
    ///   - instructionSet: the variant of the kernels to use; all give the same integers.
    public init(columns: Int, capacity: Int = 0, instructionSet: InstructionSet = .best) {
        precondition(columns > 0 && capacity >= 0, "rows have columns")
        self.columns = columns
        self.instructionSet = instructionSet
        stride = ck_int8_stride(columns)
        bytes = IntegerStorage(zeros: capacity * stride)
        scaleStorage = Storage(zeros: capacity)
    }

    /// Replaces what is held by the first `columns` columns of some rows.
    ///
    /// Rounds half to even. A row is scaled by itself alone: its result does not depend on the others.
    /// A row that holds an infinity or not-a-number gets not-a-number as its scale. Nothing is
    /// allocated within `capacity`; beyond it memory grows by at least half and is never given back.
    ///
    /// - Parameters:
    ///   - x: at least `columns` columns.
    ///   - range: rows of x; they become rows 0, 1, ...
    public func quantize(_ x: Matrix, rows range: Range<Int>) {
        precondition(x.columns >= columns, "rows of another width")
        reserve(range.count)
        rows = range.count
        guard !range.isEmpty else { return }
        quantize(x, rows: range, at: 0)
    }

    /// Replaces what is held by the first `columns` columns of rows that need not follow each other,
    /// with the results and the cost in memory of `quantize(_:rows:)`.
    ///
    /// - Parameters:
    ///   - x: at least `columns` columns.
    ///   - selected: rows of x in any order; they become rows 0, 1, ...
    public func quantize(_ x: Matrix, selecting selected: Span<Int>) {
        precondition(x.columns >= columns, "rows of another width")
        reserve(selected.count)
        rows = selected.count
        for place in selected.indices {
            let row = selected[place]
            precondition(row >= 0 && row < x.rows, "row outside the matrix")
            quantize(x, rows: row..<row + 1, at: place)
        }
    }

    private func quantize(_ x: Matrix, rows range: Range<Int>, at first: Int) {
        var arguments = ck_quantize_args()
        arguments.x = UnsafePointer(x.pointer(rows: range))
        arguments.ldx = x.columns
        arguments.q = bytes.elements + first * stride
        arguments.scales = scaleStorage.floats + first
        arguments.rows = range.count
        arguments.width = columns
        ck_quantize_rows(instructionSet.isa, &arguments)
    }

    /// The value of one step in a row.
    public func scale(row: Int) -> Float {
        precondition(row >= 0 && row < rows, "row outside the matrix")
        return scaleStorage.floats[row]
    }

    /// The integers of a row, each from −127 to 127.
    public func row(_ row: Int) -> [Int8] {
        precondition(row >= 0 && row < rows, "row outside the matrix")
        let first = bytes.elements + row * stride
        return (0..<columns).map { Int8(Int(first[$0]) - CK_INT8_ZERO) }
    }

    /// Bytes that are held.
    public var byteCount: Int { bytes.count + scaleStorage.count * MemoryLayout<Float>.stride }

    /// The integers plus 128 and the scales of some rows, all of which must exist; the integers'
    /// rows are `ck_int8_stride(columns)` apart.
    func pointers(
        rows range: Range<Int>
    ) -> (bytes: UnsafePointer<UInt8>, scales: UnsafePointer<Float>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the matrix")
        return (
            UnsafePointer(bytes.elements + range.lowerBound * stride),
            UnsafePointer(scaleStorage.floats + range.lowerBound)
        )
    }

    private func reserve(_ count: Int) {
        guard count > scaleStorage.count else { return }
        let capacity = max(count, scaleStorage.count * 3 / 2)
        bytes = IntegerStorage(zeros: capacity * stride)
        scaleStorage = Storage(zeros: capacity)
    }
}
