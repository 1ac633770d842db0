import System
import Tensor
import TestSupport
import Testing

@Suite("A product shared out to a team")
struct TeamTests {
    /// Rows, outputs, inputs: one panel, an odd number of them, more panels than parts.
    @Test(
        "has the bits of one thread's",
        arguments: [(1, 64, 2048), (1, 1000, 512), (3, 2049, 130), (40, 200, 700)])
    func sameBits(rows: Int, outputs: Int, inputs: Int) {
        var random = SeededGenerator(seed: UInt64(outputs))
        let team = ThreadTeam(helpers: 2)
        #expect(team.tryAcquire())
        let weight = random.floats(outputs * inputs)
        let bias = random.floats(outputs)
        let x = matrixOf(random.floats(rows * inputs), columns: inputs)
        let residual = matrixOf(random.floats(rows * outputs), columns: outputs)
        for precision in Precision.allCases {
            let projection = Projection(
                weight: weight, bias: bias, outputs: outputs, inputs: inputs,
                precision: precision)
            let input = ProjectionInput(columns: inputs, precision: precision)
            input.set(x, rows: rows)
            let options = Linear.Options(activation: .relu, residual: residual)
            let alone = Matrix(rows: rows, columns: outputs)
            projection.apply(input, into: alone, options)
            input.team = team
            let shared = Matrix(rows: rows, columns: outputs)
            projection.apply(input, into: shared, options)
            for row in 0..<rows { #expect(alone.row(row) == shared.row(row)) }
        }
    }
}
