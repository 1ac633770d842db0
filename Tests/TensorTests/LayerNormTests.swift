import Tensor
import TestSupport
import Testing

@Suite("Layer normalisation")
struct LayerNormTests {
    @Test("gives the same bits with every instruction set and any number of rows")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 11)
        for width in [1, 2, 7, 15, 16, 17, 31, 32, 33, 100, 128, 257] {
            let x = random.matrix(rows: 5, columns: width, scale: 10)
            let (gamma, beta) = (random.floats(width), random.floats(width))
            let results = availableSets.map { set in
                let norm = LayerNorm(weight: gamma, bias: beta, instructionSet: set)
                let y = Matrix(rows: 5, columns: width)
                norm.apply(x, rows: 0..<5, into: y)
                let single = Matrix(rows: 1, columns: width)
                norm.apply(x, rows: 3..<4, into: single)
                #expect(single.row(0) == y.row(3))
                return bits(y)
            }
            #expect(results.allSatisfy { $0 == results[0] }, "width \(width)")
        }
    }

    @Test("agrees with double precision, also far from zero", arguments: availableSets)
    func accuracy(set: InstructionSet) {
        var random = SeededGenerator(seed: 12)
        for (width, offset) in [(20, Float(0)), (128, 0), (256, 50)] {
            let values = random.floats(width).map { $0 + offset }
            let (gamma, beta) = (random.floats(width), random.floats(width))
            let y = Matrix(rows: 1, columns: width)
            LayerNorm(weight: gamma, bias: beta, epsilon: 1e-5, instructionSet: set)
                .apply(matrixOf(values, columns: width), rows: 0..<1, into: y)
            let mean = values.reduce(0) { $0 + Double($1) } / Double(width)
            let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
            let deviation = (squares / Double(width) + 1e-5).squareRoot()
            let expected = (0..<width).map {
                (Double(values[$0]) - mean) / deviation * Double(gamma[$0]) + Double(beta[$0])
            }
            // The mean is rounded at the magnitude of the offset, then divided by a deviation of about 0.6.
            #expect(agree(y.row(0), expected, tolerance: 1e-6 + Double(offset) * 4e-7))
        }
    }

    @Test("gives what torch.nn.functional.layer_norm 2.15 gives", arguments: availableSets)
    func pinned(set: InstructionSet) {
        let expected = [
            -0.485989571, -0.72594434, 0.513702035, -0.546830714, -0.97259593, 5.14629316,
            -1.49543262, 0.315408587, 1.84409332, -2.01047707, 2.69762969, 1.17764783,
        ]
        let y = Matrix(rows: 1, columns: 12)
        LayerNorm(
            weight: pattern(12, factor: 11).map { $0 + 1 }, bias: pattern(12, factor: 23),
            instructionSet: set
        ).apply(matrixOf(pattern(12, factor: 37), columns: 12), rows: 0..<1, into: y)
        #expect(agree(y.row(0), expected, tolerance: 1e-6))
    }

    @Test("may be done in place", arguments: availableSets)
    func inPlace(set: InstructionSet) {
        var random = SeededGenerator(seed: 13)
        let x = random.matrix(rows: 3, columns: 21)
        let norm = LayerNorm(
            weight: random.floats(21), bias: random.floats(21), instructionSet: set)
        let y = Matrix(rows: 3, columns: 21)
        norm.apply(x, rows: 0..<3, into: y)
        norm.apply(x, rows: 0..<3, into: x)
        #expect(bits(x) == bits(y))
    }

    @Test("turns a constant row into its bias", arguments: availableSets)
    func constantRow(set: InstructionSet) {
        let x = matrixOf(Array(repeating: 0.25, count: 20), columns: 20)
        LayerNorm(
            weight: Array(repeating: 3, count: 20), bias: pattern(20, factor: 7),
            instructionSet: set
        ).apply(x, rows: 0..<1, into: x)
        #expect(x.row(0) == pattern(20, factor: 7))
    }
}
