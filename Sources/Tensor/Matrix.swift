import Glibc

/// A row-major fp32 matrix [rows, columns] whose number of rows can change.
///
/// Belongs to one thread at a time.
public final class Matrix {
    /// Elements of a row; rows follow each other without gaps.
    public let columns: Int
    /// Rows in use.
    public private(set) var rows: Int

    private var storage: Storage

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) {
        precondition(rows >= 0 && columns > 0, "a matrix has columns")
        self.rows = rows
        self.columns = columns
        storage = Storage(zeros: rows * columns)
    }

    /// Changes the number of rows.
    ///
    /// What the rows hold that were and stay in use is kept; what new ones
    /// hold is unspecified. Memory grows by at least half and is never given back before the matrix is.
    public func resize(rows newRows: Int) {
        precondition(newRows >= 0, "a matrix has no negative number of rows")
        if newRows * columns > storage.count {
            let grown = Storage(zeros: max(newRows * columns, storage.count * 3 / 2))
            memcpy(grown.floats, storage.floats, rows * columns * MemoryLayout<Float>.stride)
            storage = grown
        }
        rows = newRows
    }

    /// One element.
    public subscript(row: Int, column: Int) -> Float {
        get {
            check(row, column)
            return storage.floats[row * columns + column]
        }
        set {
            check(row, column)
            storage.floats[row * columns + column] = newValue
        }
    }

    /// Sets a row to zero.
    public func clear(row: Int) {
        memset(pointer(row: row), 0, columns * MemoryLayout<Float>.stride)
    }

    /// Copies all rows of a matrix of as many rows and columns.
    public func copyRows(from source: Matrix) {
        precondition(source.columns == columns && source.rows == rows, "shapes do not fit")
        memcpy(storage.floats, source.storage.floats, rows * columns * MemoryLayout<Float>.stride)
    }

    /// Copies one row of a matrix of as many columns, possibly this one, into `row`.
    public func copyRow(_ row: Int, from source: Matrix, sourceRow: Int) {
        precondition(source.columns == columns, "rows of different widths")
        memmove(
            pointer(row: row), source.pointer(row: sourceRow), columns * MemoryLayout<Float>.stride)
    }

    /// Copies the first rows of another matrix of as many columns: row i becomes row `targets[i]`.
    public func copyRows(to targets: [Int], from source: Matrix) {
        precondition(source.columns == columns, "rows of different widths")
        precondition(source !== self, "rows overwritten before they are read")
        let from = source.pointer(rows: 0..<targets.count)
        let to = pointer(rows: 0..<rows)
        for (row, target) in targets.enumerated() {
            precondition(target >= 0 && target < rows, "row outside the matrix")
            memcpy(
                to + target * columns, from + row * columns,
                columns * MemoryLayout<Float>.stride)
        }
    }

    /// Sets every element to zero.
    public func clear() { memset(storage.floats, 0, rows * columns * MemoryLayout<Float>.stride) }

    /// The elements of a row.
    public func row(_ row: Int) -> [Float] {
        Array(UnsafeBufferPointer(start: pointer(row: row), count: columns))
    }

    /// Bytes that the matrix holds.
    public var byteCount: Int { storage.count * MemoryLayout<Float>.stride }

    /// The first element of a row.
    package func pointer(row: Int) -> UnsafeMutablePointer<Float> {
        precondition(row >= 0 && row < rows, "row outside the matrix")
        return storage.floats + row * columns
    }

    /// The first element of the first of some rows, all of which must exist.
    package func pointer(rows range: Range<Int>) -> UnsafeMutablePointer<Float> {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows outside the matrix")
        return storage.floats + range.lowerBound * columns
    }

    private func check(_ row: Int, _ column: Int) {
        precondition(
            row >= 0 && row < rows && column >= 0 && column < columns, "element outside the matrix")
    }
}
