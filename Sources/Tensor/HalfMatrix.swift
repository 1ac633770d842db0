internal import CKernels

/// A row-major matrix [rows, columns] of numbers in 16 bits (binary16) whose number of rows can change: half the memory of a `Matrix`.
///
/// Numbers are rounded where rows are written: to nearest, half to even, the same bits with every instruction set; about three decimal
/// digits, steps of 2⁻²⁴ below 2⁻¹⁴. Finite ones beyond ±65504 become that; infinities and not-a-numbers stay what they are. Belongs to
/// one thread at a time.
public final class HalfMatrix {
    /// Elements of a row; rows follow each other without gaps.
    public let columns: Int
    /// Rows in use.
    public private(set) var rows: Int

    private let instructionSet: InstructionSet
    private var storage: IntegerStorage<UInt16>

    /// A matrix of zeros.
    ///
    /// - Parameters:
    ///   - rows: rows in use at first.
    ///   - columns: elements of a row, at least one.
    ///   - instructionSet: the variant of the kernels that rounds.
    public init(rows: Int, columns: Int, instructionSet: InstructionSet = .best) {
        precondition(rows >= 0 && columns > 0, "a matrix has columns")
        self.rows = rows
        self.columns = columns
        self.instructionSet = instructionSet
        storage = IntegerStorage(zeros: rows * columns)
    }

    /// Changes the number of rows, as `Matrix.resize(rows:)` does: what stays in use is kept, what is new is unspecified.
    public func resize(rows newRows: Int) {
        precondition(newRows >= 0, "a matrix has no negative number of rows")
        if newRows * columns > storage.count {
            let grown = IntegerStorage<UInt16>(
                zeros: max(newRows * columns, storage.count * 3 / 2))
            grown.elements.update(from: storage.elements, count: rows * columns)
            storage = grown
        }
        rows = newRows
    }

    /// Rounds one row of a matrix of as many columns into `row`.
    public func roundRow(_ row: Int, from source: Matrix, sourceRow: Int) {
        precondition(source.columns == columns, "rows of different widths")
        round(source.pointer(row: sourceRow), to: pointer(row: row), rows: 1)
    }

    /// Rounds the first rows of a matrix of as many columns into all rows of this one.
    public func roundRows(from source: Matrix) {
        precondition(source.columns == columns, "rows of different widths")
        round(source.pointer(rows: 0..<rows), to: storage.elements, rows: rows)
    }

    /// Rounds the first rows of a matrix of as many columns: row i becomes row `targets[i]`.
    public func roundRows(to targets: [Int], from source: Matrix) {
        precondition(source.columns == columns, "rows of different widths")
        let from = source.pointer(rows: 0..<targets.count)
        for (row, target) in targets.enumerated() {
            round(from + row * columns, to: pointer(row: target), rows: 1)
        }
    }

    private func round(
        _ values: UnsafePointer<Float>, to halves: UnsafeMutablePointer<UInt16>, rows count: Int
    ) {
        ck_to_half(instructionSet.isa, values, halves, count * columns)
    }

    /// The numbers of a row.
    public func row(_ row: Int) -> [Float] {
        let halves = pointer(row: row)
        return Array(unsafeUninitializedCapacity: columns) { values, count in
            if let start = values.baseAddress {
                ck_from_half(instructionSet.isa, halves, start, columns)
            }
            count = columns
        }
    }

    /// Bytes that the matrix holds.
    public var byteCount: Int { storage.count * MemoryLayout<UInt16>.stride }

    /// The first element of a row.
    func pointer(row: Int) -> UnsafeMutablePointer<UInt16> {
        precondition(row >= 0 && row < rows, "row outside the matrix")
        return storage.elements + row * columns
    }

    /// The first element of the matrix, which may have no rows.
    var start: UnsafeMutablePointer<UInt16> { storage.elements }
}
