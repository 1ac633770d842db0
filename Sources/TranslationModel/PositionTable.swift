import Glibc
public import Tensor

/// Sinusoidal positions: row p holds sin(p / 10000^(2k/d)) in its first half and the cosine of the same
/// in its second, k = 0 … d/2 − 1 (checkpoint-format.md); computed in double, kept in fp32.
///
/// Unchecked: the matrix is written once, here, and read by all workers.
public struct PositionTable: @unchecked Sendable {
    /// One row for each position, [count, d].
    public let matrix: Matrix

    /// Computes `count` rows of `d` columns; d is even.
    public init(count: Int, width d: Int) {
        matrix = Matrix(rows: count, columns: d)
        for k in 0..<d / 2 {
            let period = pow(10_000, Double(2 * k) / Double(d))
            for p in 0..<count {
                matrix[p, k] = Float(sin(Double(p) / period))
                matrix[p, d / 2 + k] = Float(cos(Double(p) / period))
            }
        }
    }
}
