import Tensor
import TensorTraining
import TestSupport
import Testing

/// A map in the middle of a longer vector, and rows to send through it.
private struct Case {
    static let before = 3
    let outputs: Int
    let inputs: Int
    let values: [Float]
    let x: Matrix
    let dy: Matrix

    init(rows: Int, outputs: Int, inputs: Int, _ random: inout SeededGenerator) {
        self.outputs = outputs
        self.inputs = inputs
        values = random.floats(Self.before + outputs * inputs + outputs + 2)
        x = random.matrix(rows: rows, columns: inputs)
        dy = random.matrix(rows: rows, columns: outputs)
    }

    var place: TrainableLinear.Place {
        .init(
            weight: Self.before, bias: Self.before + outputs * inputs, outputs: outputs,
            inputs: inputs)
    }

    /// y, dx and the gradients of the parameters, which start from the parameters themselves.
    func run(_ set: InstructionSet) -> (y: Matrix, dx: Matrix, gradients: ParameterVector) {
        let map = TrainableLinear(place, in: vectorOf(values, set), instructionSet: set)
        let rows = 0..<x.rows
        let (y, dx) = (
            Matrix(rows: x.rows, columns: outputs), Matrix(rows: x.rows, columns: inputs)
        )
        map.linear.apply(x, rows: rows, into: y)
        map.gradient(dy, rows: rows, into: dx)
        let gradients = vectorOf(values, set)
        map.addGradients(dy, x, rows: rows, to: gradients)
        return (y, dx, gradients)
    }

    func weight(_ n: Int, _ k: Int) -> Double { Double(values[Self.before + n * inputs + k]) }
}

private let sizes = [1, 2, 5, 6, 7, 15, 16, 17, 33, 48, 65, 100]

@Suite("A linear map in training")
struct TrainableLinearTests {
    @Test("gives the same bits with every instruction set, there and back")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 41)
        for outputs in sizes {
            for inputs in [1, 16, 33, 70] {
                // 257 rows and more are a second block of the gradient of W.
                for rows in [1, 7, outputs == 17 ? 300 : 16] {
                    let drawn = Case(rows: rows, outputs: outputs, inputs: inputs, &random)
                    let expected = drawn.run(.reference)
                    for set in vectorSets {
                        let got = drawn.run(set)
                        let place = "\(set), \(rows)x\(inputs)→\(outputs)"
                        #expect(bits(got.y) == bits(expected.y), "\(place)")
                        #expect(bits(got.dx) == bits(expected.dx), "\(place)")
                        #expect(bits(got.gradients) == bits(expected.gradients), "\(place)")
                    }
                }
            }
        }
    }

    @Test(
        "gives the same bits where there are so many inputs or outputs that sums wait in memory",
        arguments: [(1100, 33), (33, 1100), (1025, 80), (2000, 1)], [24, 29])
    func deep(size: (outputs: Int, inputs: Int), rows: Int) {
        var random = SeededGenerator(seed: 45)
        let drawn = Case(
            rows: rows, outputs: size.outputs, inputs: size.inputs, &random)
        let expected = drawn.run(.reference)
        for set in vectorSets {
            let got = drawn.run(set)
            #expect(bits(got.y) == bits(expected.y), "\(set)")
            #expect(bits(got.dx) == bits(expected.dx), "\(set)")
            #expect(bits(got.gradients) == bits(expected.gradients), "\(set)")
        }
    }

    @Test("has the gradients of y = x·Wᵀ + b, and adds to what is there", arguments: availableSets)
    func formulas(set: InstructionSet) {
        var random = SeededGenerator(seed: 42)
        for (rows, outputs, inputs) in [(1, 1, 1), (5, 17, 15), (33, 7, 20)] {
            let drawn = Case(rows: rows, outputs: outputs, inputs: inputs, &random)
            let got = drawn.run(set)
            var expected = drawn.values.map(Double.init)
            let bias = Case.before + outputs * inputs
            for m in 0..<rows {
                for n in 0..<outputs {
                    let slope = Double(drawn.dy[m, n])
                    expected[bias + n] += slope
                    for k in 0..<inputs {
                        expected[Case.before + n * inputs + k] += slope * Double(drawn.x[m, k])
                    }
                }
                let dx = (0..<inputs).map { k in
                    (0..<outputs).reduce(0) { $0 + Double(drawn.dy[m, $1]) * drawn.weight($1, k) }
                }
                // At most 34 roundings of sums below 34: 34 · 34 · 2⁻²⁴.
                #expect(agree(got.dx.row(m), dx, tolerance: 7e-5))
            }
            #expect(agree(values(got.gradients), expected, tolerance: 7e-5))
        }
    }

    @Test("takes rows of x and of dx from where it is told", arguments: availableSets)
    func offsets(set: InstructionSet) {
        var random = SeededGenerator(seed: 43)
        let drawn = Case(rows: 9, outputs: 17, inputs: 15, &random)
        let map = TrainableLinear(drawn.place, in: vectorOf(drawn.values), instructionSet: set)
        let (whole, parts) = (drawn.run(set).dx, random.matrix(rows: 11, columns: 15))
        let base = (0..<11).map { parts.row($0) }
        map.gradient(drawn.dy, rows: 2..<6, into: parts, at: 5)
        for row in 0..<11 {
            #expect(parts.row(row) == ((5..<9).contains(row) ? whole.row(row - 3) : base[row]))
        }
        // dy has the gradients of rows 4 ..< 9 of x in its first five.
        let (got, expected) = (vectorOf(drawn.values), vectorOf(drawn.values))
        map.addGradients(drawn.dy, drawn.x, rows: 4..<9, to: got)
        let x = Matrix(rows: 5, columns: 15)
        for row in 0..<5 { x.copyRow(row, from: drawn.x, sourceRow: row + 4) }
        map.addGradients(drawn.dy, x, rows: 0..<5, to: expected)
        #expect(bits(got) == bits(expected))
    }

    @Test("adds a residual to dx, also dx itself", arguments: availableSets)
    func residual(set: InstructionSet) {
        var random = SeededGenerator(seed: 44)
        let drawn = Case(rows: 7, outputs: 16, inputs: 33, &random)
        let map = TrainableLinear(drawn.place, in: vectorOf(drawn.values), instructionSet: set)
        let (old, apart) = (random.matrix(rows: 7, columns: 33), Matrix(rows: 7, columns: 33))
        map.gradient(drawn.dy, rows: 0..<7, into: apart, adding: old)
        map.gradient(drawn.dy, rows: 0..<7, into: old, adding: old)
        #expect(bits(old) == bits(apart))
    }

    @Test("works on packed copies, which follow the parameters when they are packed again")
    func repacking() {
        let parameters = vectorOf([2, 5])
        let map = TrainableLinear(
            .init(weight: 0, bias: 1, outputs: 1, inputs: 1), in: parameters)
        let (x, y, dx) = (
            matrixOf([3], columns: 1), Matrix(rows: 1, columns: 1), Matrix(rows: 1, columns: 1)
        )
        for (new, output, slope) in [(2, 11, 6), (4, 11, 6), (4, 17, 12)] as [(Float, Float, Float)]
        {
            parameters[0] = new
            if output == 17 { map.repack() }
            map.linear.apply(x, rows: 0..<1, into: y)
            map.gradient(x, rows: 0..<1, into: dx)
            #expect(y[0, 0] == output && dx[0, 0] == slope)
        }
    }

    @Test("gives −∞ at banned outputs whatever their bias, also after packing", arguments: [1, 2])
    func banned(packings: Int) {
        let parameters = vectorOf(pattern(20, factor: 29))
        let map = TrainableLinear(
            .init(weight: 0, bias: 15, outputs: 5, inputs: 3), in: parameters, banned: [1, 4])
        for _ in 1..<packings { map.repack() }
        let y = Matrix(rows: 1, columns: 5)
        map.linear.apply(matrixOf([1, 2, 3], columns: 3), rows: 0..<1, into: y)
        #expect(y.row(0).map { $0 == -.infinity } == [false, true, false, false, true])
        #expect(values(parameters) == pattern(20, factor: 29))
    }

    @Test("does without a bias")
    func noBias() {
        let map = TrainableLinear(
            .init(weight: 1, bias: nil, outputs: 1, inputs: 2), in: vectorOf([9, 2, 3, 9]))
        let y = Matrix(rows: 1, columns: 1)
        let x = matrixOf([1, 10], columns: 2)
        map.linear.apply(x, rows: 0..<1, into: y)
        #expect(y[0, 0] == 32)
        let gradients = ParameterVector(count: 4)
        map.addGradients(y, x, rows: 0..<1, to: gradients)
        #expect(values(gradients) == [0, 32, 320, 0])
    }
}
