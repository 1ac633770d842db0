internal import CKernels

/// Rows of activations in 8 bits with a scale each: x ≈ scale · q, q from −127 to 127, the greatest
/// magnitude of a row over 127 being its scale.
///
/// What `QuantizedLinear` multiplies. Quantised once, a matrix serves any number of products.
/// Belongs to one thread at a time.
public final class QuantizedRows {
    /// Elements of a row.
    public let columns: Int
    /// Rows in use.
    public private(set) var rows = 0

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
    /// A row that holds an infinity or not-a-number gets not-a-number as its scale. Memory grows by
    /// at least half and is never given back.
    ///
    /// - Parameters:
    ///   - x: at least `columns` columns.
    ///   - range: rows of x; they become rows 0, 1, ...
    public func quantize(_ x: Matrix, rows range: Range<Int>) {
        precondition(x.columns >= columns, "rows of another width")
        reserve(range.count)
        rows = range.count
        guard !range.isEmpty else { return }
        var arguments = ck_quantize_args()
        arguments.x = UnsafePointer(x.pointer(rows: range))
        arguments.ldx = x.columns
        arguments.q = bytes.elements
        arguments.scales = scaleStorage.floats
        arguments.rows = rows
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

    /// The integers plus 128, rows `ck_int8_stride(columns)` apart.
    var pointer: UnsafePointer<UInt8> { UnsafePointer(bytes.elements) }

    var scales: UnsafePointer<Float> { UnsafePointer(scaleStorage.floats) }

    private func reserve(_ count: Int) {
        guard count > scaleStorage.count else { return }
        let capacity = max(count, scaleStorage.count * 3 / 2)
        bytes = IntegerStorage(zeros: capacity * stride)
        scaleStorage = Storage(zeros: capacity)
    }
}
