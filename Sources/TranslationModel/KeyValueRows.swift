import Tensor

/// Keys and values that a decoder attends to, side by side, [rows, 2d]: in fp32, or in 16 bits where the network's products are
/// quantised, which is half the memory and half of what attention reads.
final class KeyValueRows {
    private let content: Content
    private let width: Int

    private enum Content {
        case float32(Matrix)
        case float16(HalfMatrix)
    }

    /// No rows yet.
    ///
    /// - Parameters:
    ///   - d: width of a key and of a value.
    ///   - precision: of the network's products.
    init(width d: Int, precision: Precision) {
        width = d
        content =
            precision.isQuantized
            ? .float16(HalfMatrix(rows: 0, columns: 2 * d))
            : .float32(Matrix(rows: 0, columns: 2 * d))
    }

    /// Rows in use.
    var rows: Int {
        switch content {
        case .float32(let matrix): matrix.rows
        case .float16(let matrix): matrix.rows
        }
    }

    /// What attention reads.
    var attended: Attention.KeysValues {
        switch content {
        case .float32(let matrix): .init(matrix, keyColumn: 0, valueColumn: width)
        case .float16(let matrix): .init(matrix, keyColumn: 0, valueColumn: width)
        }
    }

    /// Changes the number of rows: what stays in use is kept, what is new is unspecified.
    func resize(rows: Int) {
        switch content {
        case .float32(let matrix): matrix.resize(rows: rows)
        case .float16(let matrix): matrix.resize(rows: rows)
        }
    }

    /// Takes one row of a matrix [rows, 2d].
    func setRow(_ row: Int, from source: Matrix, sourceRow: Int) {
        switch content {
        case .float32(let matrix): matrix.copyRow(row, from: source, sourceRow: sourceRow)
        case .float16(let matrix): matrix.roundRow(row, from: source, sourceRow: sourceRow)
        }
    }

    /// Takes the first rows of a matrix [rows, 2d]: row i becomes row `targets[i]`.
    func setRows(to targets: [Int], from source: Matrix) {
        switch content {
        case .float32(let matrix): matrix.copyRows(to: targets, from: source)
        case .float16(let matrix): matrix.roundRows(to: targets, from: source)
        }
    }

    /// Has all rows written.
    ///
    /// - Parameters:
    ///   - scratch: [rows, 2d], made larger where it has fewer rows; what it held may be overwritten.
    ///   - write: fills the first rows of a matrix [rows, 2d], as many as this has.
    func fill(through scratch: Matrix, _ write: (Matrix) -> Void) {
        switch content {
        case .float32(let matrix): write(matrix)
        case .float16(let matrix):
            scratch.resize(rows: max(scratch.rows, rows))
            write(scratch)
            matrix.roundRows(from: scratch)
        }
    }

    /// Bytes that are held, used or not.
    var byteCount: Int {
        switch content {
        case .float32(let matrix): matrix.byteCount
        case .float16(let matrix): matrix.byteCount
        }
    }
}
