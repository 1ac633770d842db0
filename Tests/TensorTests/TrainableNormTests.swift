import Tensor
import TensorTraining
import TestSupport
import Testing

/// A normalisation in the middle of a vector, and rows to send through it.
private struct Case {
    let width: Int
    let values: [Float]
    let x: Matrix
    let dy: Matrix

    init(rows: Int, width: Int, _ random: inout SeededGenerator) {
        self.width = width
        values = random.floats(2 * width + 3)
        x = random.matrix(rows: rows, columns: width, scale: 4)
        dy = random.matrix(rows: rows, columns: width)
    }

    func norm(_ set: InstructionSet) -> TrainableNorm {
        TrainableNorm(
            gamma: 1, beta: width + 2, width: width, in: vectorOf(values, set), instructionSet: set)
    }

    /// dx, and gradients of the parameters that start from the parameters themselves.
    func gradient(_ set: InstructionSet) -> (dx: Matrix, parameters: ParameterVector) {
        let dx = Matrix(rows: x.rows, columns: width)
        let gradients = vectorOf(values, set)
        norm(set).gradient(dy, of: x, into: dx, to: gradients)
        return (dx, gradients)
    }

    func gamma(_ index: Int) -> Double { Double(values[1 + index]) }

    /// The normalised row in double precision, and 1 / deviation.
    func normalised(_ row: Int) -> (values: [Double], scale: Double) {
        let x = x.row(row).map(Double.init)
        let mean = x.reduce(0, +) / Double(width)
        let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
        let scale = 1 / (variance + 1e-5).squareRoot()
        return (x.map { ($0 - mean) * scale }, scale)
    }
}

@Suite("Layer normalisation in training")
struct TrainableNormTests {
    @Test("gives the same bits with every instruction set, there and back")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 51)
        for width in [1, 2, 15, 16, 17, 31, 32, 33, 100, 128] {
            let drawn = Case(rows: 5, width: width, &random)
            let results = availableSets.map { set in
                let y = Matrix(rows: 5, columns: width)
                drawn.norm(set).apply(drawn.x, into: y)
                let (dx, gradients) = drawn.gradient(set)
                return [bits(y), bits(dx), bits(gradients)]
            }
            #expect(results.allSatisfy { $0 == results[0] }, "width \(width)")
        }
    }

    @Test("is the layer normalisation of decoding", arguments: availableSets)
    func forward(set: InstructionSet) {
        var random = SeededGenerator(seed: 52)
        let drawn = Case(rows: 3, width: 21, &random)
        let (y, expected) = (Matrix(rows: 3, columns: 21), Matrix(rows: 3, columns: 21))
        drawn.norm(set).apply(drawn.x, into: y)
        LayerNorm(
            weight: Array(drawn.values[1..<22]), bias: Array(drawn.values[23..<44]),
            instructionSet: set
        ).apply(drawn.x, rows: 0..<3, into: expected)
        #expect(bits(y) == bits(expected))
    }

    @Test("has the gradients of double precision", arguments: availableSets)
    func formulas(set: InstructionSet) {
        var random = SeededGenerator(seed: 53)
        for width in [15, 16, 33, 100] {
            let drawn = Case(rows: 4, width: width, &random)
            let (dx, gradients) = drawn.gradient(set)
            var expected = drawn.values.map(Double.init)
            for row in 0..<4 {
                let (normal, scale) = drawn.normalised(row)
                let dy = drawn.dy.row(row).map(Double.init)
                let slopes = (0..<width).map { dy[$0] * drawn.gamma($0) }
                let mean = slopes.reduce(0, +) / Double(width)
                let slope = zip(slopes, normal).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
                // A dozen roundings of numbers below 4.
                #expect(
                    agree(
                        dx.row(row),
                        (0..<width).map { (slopes[$0] - mean - normal[$0] * slope) * scale },
                        tolerance: 3e-6))
                for index in 0..<width {
                    expected[1 + index] += dy[index] * normal[index]
                    expected[width + 2 + index] += dy[index]
                }
            }
            #expect(agree(values(gradients), expected, tolerance: 3e-6))
        }
    }

    @Test("may go back in place", arguments: availableSets)
    func inPlace(set: InstructionSet) {
        var random = SeededGenerator(seed: 54)
        let drawn = Case(rows: 3, width: 17, &random)
        let apart = bits(drawn.gradient(set).dx)
        drawn.norm(set).gradient(
            drawn.dy, of: drawn.x, into: drawn.dy, to: vectorOf(drawn.values))
        #expect(bits(drawn.dy) == apart)
    }
}
