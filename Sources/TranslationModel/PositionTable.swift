import Checkpoint
import Glibc
public import Tensor

/// What is added to the embeddings at each position.
///
/// Unchecked: the matrix is written once, here, and read by all workers.
public struct PositionTable: @unchecked Sendable {
    /// One row for each position, [count, d].
    public let matrix: Matrix

    /// Sines and cosines as Marian's checkpoints for Hugging Face have them (`Architecture.Positions.sinusoidal`), computed in double and
    /// kept in fp32.
    ///
    /// - Parameters:
    ///   - count: positions.
    ///   - d: columns, an even number.
    public init(sinusoidal count: Int, width d: Int) {
        self.init(count: count, width: d) { k in
            let period = pow(10_000, Double(2 * k) / Double(d))
            return { Double($0) / period }
        }
    }

    /// The table that follows from the configuration alone; nil where positions are learned.
    init?(_ c: ModelConfiguration) {
        switch c.architecture.positions {
        case .sinusoidal: self.init(sinusoidal: c.maximumPositions, width: c.width)
        case .steppedSinusoidal(let offset):
            let step = log(10_000) / Double(max(c.width / 2 - 1, 1))
            self.init(count: c.maximumPositions, width: c.width) { k in
                let frequency = exp(-Double(k) * step)
                return { Double($0 + offset) * frequency }
            }
        case .learned: return nil
        }
    }

    /// Row p holds the sine of `angle(k)(p)` for each k and then the cosine.
    private init(count: Int, width d: Int, angle: (Int) -> (Int) -> Double) {
        matrix = Matrix(rows: count, columns: d)
        for k in 0..<d / 2 {
            let angle = angle(k)
            for p in 0..<count {
                let angle = angle(p)
                matrix[p, k] = Float(sin(angle))
                matrix[p, d / 2 + k] = Float(cos(angle))
            }
        }
    }

    /// The table of a stack that learned it, `embed_positions.weight`.
    init(learned parameters: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        var offset = 0
        if case .learned(let first) = c.architecture.positions { offset = first }
        let rows = c.maximumPositions
        let values = try parameters.tensor("embed_positions.weight", rows + offset, c.width)
        matrix = Matrix(rows: rows, columns: c.width)
        for p in 0..<rows {
            for k in 0..<c.width { matrix[p, k] = values[(p + offset) * c.width + k] }
        }
    }

    /// The row of a position, from 0.
    func row(_ position: Int) -> (Matrix, Int) { (matrix, position) }
}
