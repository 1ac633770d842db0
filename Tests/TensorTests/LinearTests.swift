import Tensor
import TestSupport
import Testing

/// Everything one product needs, drawn at random.
private struct Case {
    let outputs: Int
    let inputs: Int
    let weight: [Float]
    let bias: [Float]?
    let x: Matrix
    let residual: Matrix?
    let activation: Activation

    init(rows: Int, outputs: Int, inputs: Int, _ random: inout SeededGenerator) {
        self.outputs = outputs
        self.inputs = inputs
        weight = random.floats(outputs * inputs)
        bias = random.below(2) == 0 ? nil : random.floats(outputs)
        x = random.matrix(rows: rows, columns: inputs + random.below(3))
        residual =
            random.below(2) == 0
            ? nil : random.matrix(rows: rows, columns: outputs + random.below(3))
        activation = Activation.allCases[random.below(Activation.allCases.count)]
    }

    /// The product of some rows of x with an instruction set, in a matrix of its own.
    func product(_ set: InstructionSet, rows: Range<Int>) -> Matrix {
        let linear = Linear(
            weight: weight, bias: bias, outputs: outputs, inputs: inputs, instructionSet: set)
        let all = Matrix(rows: x.rows, columns: outputs)
        linear.apply(
            x, rows: rows, into: all, at: rows.lowerBound,
            .init(activation: activation, residual: residual))
        let y = Matrix(rows: rows.count, columns: outputs)
        for row in rows { y.copyRow(row - rows.lowerBound, from: all, sourceRow: row) }
        return y
    }
}

@Suite("A linear map")
struct LinearTests {
    @Test(
        "gives the same bits with every instruction set, for shapes that are multiples of nothing")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 1)
        for rows in 1...40 {
            let drawn = Case(
                rows: rows, outputs: 1 + random.below(200), inputs: 1 + random.below(90), &random)
            let expected = bits(drawn.product(.reference, rows: 0..<rows))
            for set in vectorSets {
                let got = bits(drawn.product(set, rows: 0..<rows))
                #expect(got == expected, "\(set), \(rows)x\(drawn.inputs)→\(drawn.outputs)")
            }
        }
    }

    @Test("gives a row the same bits alone and among any others", arguments: availableSets)
    func rowsAreIndependent(set: InstructionSet) {
        var random = SeededGenerator(seed: 2)
        for (outputs, inputs) in [(65, 33), (128, 16), (7, 50)] {
            let drawn = Case(rows: 15, outputs: outputs, inputs: inputs, &random)
            let together = drawn.product(set, rows: 0..<15)
            for first in 0..<15 {
                for last in first..<min(first + 7, 15) {
                    let some = drawn.product(set, rows: first..<last + 1)
                    #expect(some.row(last - first) == together.row(last))
                }
            }
        }
    }

    @Test("agrees with sums in double precision", arguments: availableSets)
    func accuracy(set: InstructionSet) {
        var random = SeededGenerator(seed: 3)
        let (rows, outputs, inputs) = (5, 70, 300)
        let weight = random.floats(outputs * inputs)
        let bias = random.floats(outputs)
        let x = random.matrix(rows: rows, columns: inputs)
        let y = Matrix(rows: rows, columns: outputs)
        Linear(
            weight: weight, bias: bias, outputs: outputs, inputs: inputs, instructionSet: set
        ).apply(x, rows: 0..<rows, into: y)
        for m in 0..<rows {
            let row = x.row(m)
            for n in 0..<outputs {
                let terms = (0..<inputs).map { Double(row[$0]) * Double(weight[n * inputs + $0]) }
                // A chain of K roundings is off by at most K·2⁻²⁴ of the sum of the magnitudes.
                let bound = Double(inputs + 1) * 0x1p-24 * terms.reduce(1) { $0 + abs($1) }
                let expected = terms.reduce(Double(bias[n]), +)
                #expect(abs(Double(y[m, n]) - expected) <= bound)
            }
        }
    }

    @Test("gives what torch.nn.functional.linear 2.15 gives", arguments: availableSets)
    func pinned(set: InstructionSet) {
        let linear = Linear(
            weight: pattern(20, factor: 29), bias: pattern(4, factor: 19), outputs: 4, inputs: 5,
            instructionSet: set)
        let y = Matrix(rows: 2, columns: 4)
        linear.apply(matrixOf(pattern(10, factor: 37), columns: 5), rows: 0..<2, into: y)
        // Exact: every product and sum of these numbers is a float.
        #expect(y.row(0) == [-1.7578125, 4.875, 3.0078125, -3.859375])
        #expect(y.row(1) == [-9.8125, 2.24609375, 2.3046875, 0.86328125])
    }

    @Test("writes the rows and columns it is asked for and no others", arguments: availableSets)
    func writesOnlyItsOwn(set: InstructionSet) {
        var random = SeededGenerator(seed: 4)
        for outputs in [1, 15, 16, 17, 63, 64, 65, 100] {
            for rows in [1, 2, 3, 4, 5, 6, 7, 13] {
                let x = random.matrix(rows: rows + 2, columns: 9)
                let y = matrixOf(
                    Array(repeating: 7, count: (rows + 3) * (outputs + 2)), columns: outputs + 2)
                Linear(
                    weight: random.floats(outputs * 9), bias: nil, outputs: outputs, inputs: 9,
                    instructionSet: set
                ).apply(x, rows: 1..<rows + 1, into: y, at: 2)
                for row in 0..<rows + 3 {
                    let written = row >= 2 && row < rows + 2
                    let untouched = y.row(row)[(written ? outputs : 0)...]
                    #expect(untouched.allSatisfy { $0 == 7 })
                    #expect(!written || !y.row(row).prefix(outputs).contains(7))
                }
            }
        }
    }

    @Test("adds a residual that is the output itself", arguments: availableSets)
    func residualInPlace(set: InstructionSet) {
        var random = SeededGenerator(seed: 5)
        let linear = Linear(
            weight: random.floats(70 * 8), bias: nil, outputs: 70, inputs: 8, instructionSet: set)
        let x = random.matrix(rows: 9, columns: 8)
        let y = random.matrix(rows: 9, columns: 70)
        let apart = Matrix(rows: 9, columns: 70)
        linear.apply(x, rows: 0..<9, into: apart, .init(residual: y))
        linear.apply(x, rows: 0..<9, into: y, .init(residual: y))
        #expect(bits(y) == bits(apart))
    }

    @Test("adds the residual's rows of where the result goes, not of x", arguments: availableSets)
    func residualRows(set: InstructionSet) {
        var random = SeededGenerator(seed: 15)
        let linear = Linear(
            weight: random.floats(70 * 8), bias: nil, outputs: 70, inputs: 8, instructionSet: set)
        let x = random.matrix(rows: 4, columns: 8)
        let residual = random.matrix(rows: 9, columns: 70)
        let (added, plain) = (Matrix(rows: 9, columns: 70), Matrix(rows: 9, columns: 70))
        linear.apply(x, rows: 1..<4, into: plain, at: 5)
        linear.apply(x, rows: 1..<4, into: added, at: 5, .init(residual: residual))
        for row in 5..<8 {
            #expect(
                (0..<70).allSatisfy { added[row, $0] == plain[row, $0] + residual[row, $0] })
        }
        let inPlace = Matrix(rows: 9, columns: 70)
        inPlace.copyRows(from: residual)
        linear.apply(x, rows: 1..<4, into: inPlace, at: 5, .init(residual: inPlace))
        for row in 5..<8 { #expect(inPlace.row(row) == added.row(row)) }
    }

    @Test("looks a row of its weights up, scaled, with a position added", arguments: availableSets)
    func embedding(set: InstructionSet) {
        var random = SeededGenerator(seed: 6)
        let (outputs, inputs) = (131, 10)
        let weight = random.floats(outputs * inputs)
        let linear = Linear(
            weight: weight, bias: nil, outputs: outputs, inputs: inputs, instructionSet: set)
        let positions = random.matrix(rows: 4, columns: inputs)
        let target = Matrix(rows: 2, columns: inputs)
        for output in 0..<outputs {
            linear.embed(output, into: (target, 1), scale: 3.5, adding: (positions, 2))
            let expected = (0..<inputs).map { k -> Float in
                let scaled: Float = weight[output * inputs + k] * 3.5
                return scaled + positions[2, k]
            }
            #expect(target.row(1) == expected)
        }
        #expect(target.row(0) == Array(repeating: 0, count: inputs))
    }

    @Test("does nothing for no rows")
    func noRows() {
        let linear = Linear(weight: [1, 2], bias: [3], outputs: 1, inputs: 2)
        let y = matrixOf([9], columns: 1)
        linear.apply(Matrix(rows: 0, columns: 2), rows: 0..<0, into: y)
        #expect(y[0, 0] == 9)
    }

    @Test("counts the bytes of its packed weights, a whole number of panels of 64 outputs")
    func byteCount() {
        let linear = Linear(
            weight: Array(repeating: 0, count: 65 * 3), bias: Array(repeating: 0, count: 65),
            outputs: 65, inputs: 3)
        #expect(linear.byteCount == (128 * 3 + 128) * 4)
    }
}
