import Tensor
import TestSupport
import Testing

/// Everything one product needs.
private struct Case {
    let outputs: Int
    let inputs: Int
    let weight: [Float]
    let bias: [Float]?
    let x: Matrix
    var residual: Matrix?
    var activation = Activation.identity
    var precision = Precision.int8

    init(
        outputs: Int, inputs: Int, weight: [Float], bias: [Float]? = nil, x: Matrix
    ) {
        self.outputs = outputs
        self.inputs = inputs
        self.weight = weight
        self.bias = bias
        self.x = x
    }

    /// Drawn at random.
    init(rows: Int, outputs: Int, inputs: Int, _ random: inout SeededGenerator) {
        self.init(
            outputs: outputs, inputs: inputs, weight: random.floats(outputs * inputs),
            bias: random.below(2) == 0 ? nil : random.floats(outputs),
            x: random.matrix(rows: rows, columns: inputs + random.below(3)))
        residual =
            random.below(2) == 0
            ? nil : random.matrix(rows: rows, columns: outputs + random.below(3))
        activation = Activation.allCases[random.below(Activation.allCases.count)]
        precision = random.below(2) == 0 ? .int8 : .int7
    }

    func linear(_ set: InstructionSet) -> QuantizedLinear {
        QuantizedLinear(
            weight: weight, bias: bias, outputs: outputs, inputs: inputs, precision: precision,
            instructionSet: set)
    }

    /// The product of some rows of x with an instruction set, in their places of a matrix.
    func product(_ set: InstructionSet, rows: Range<Int>) -> Matrix {
        let quantized = QuantizedRows(columns: inputs, instructionSet: set)
        quantized.quantize(x, rows: rows)
        let y = Matrix(rows: x.rows, columns: outputs)
        linear(set).apply(
            quantized, into: y, at: rows.lowerBound,
            .init(activation: activation, residual: residual))
        return y
    }

    /// What the exact sums give, without activation and residual.
    func oracle() -> [[Float]] {
        let rows = QuantizedRows(columns: inputs, instructionSet: .reference)
        rows.quantize(x, rows: 0..<x.rows)
        let quantizedWeight = (0..<outputs).map { n in
            quantizedRow(
                weight[n * inputs..<(n + 1) * inputs], most: precision == .int7 ? 63 : 127)
        }
        return (0..<x.rows).map { m in
            let row = rows.row(m).map(Int64.init)
            return quantizedWeight.enumerated().map { n, weight in
                let sum = zip(row, weight.steps).reduce(Int64(0)) { $0 + $1.0 * $1.1 }
                let scale: Float = rows.scale(row: m) * weight.scale
                return (bias?[n] ?? 0).addingProduct(Float(sum), scale)
            }
        }
    }
}

/// One output's weights as the documentation says that they are quantised.
private func quantizedRow(
    _ row: ArraySlice<Float>, most: Float = 127
) -> (steps: [Int64], scale: Float) {
    let highest = row.reduce(Float(0)) { max($0, abs($1)) }
    guard highest > 0 else { return (row.map { _ in 0 }, 0) }
    let inverse: Float = most / highest
    return (row.map { Int64(($0 * inverse).rounded(.toNearestOrEven)) }, highest / most)
}

/// All elements, row by row.
private func elements(_ matrix: Matrix) -> [[Float]] { (0..<matrix.rows).map(matrix.row) }

@Suite("A linear map in 8 bits")
struct QuantizedLinearTests {
    @Test(
        "gives the same bits with every instruction set, for shapes that are multiples of nothing")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 31)
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

    @Test(
        "gives what sums in 64-bit integers give, scaled and rounded once", arguments: availableSets
    )
    func exactSums(set: InstructionSet) {
        var random = SeededGenerator(seed: 32)
        for (outputs, inputs) in [(1, 1), (16, 4), (17, 5), (65, 63), (130, 66), (64, 129)] {
            for rows in [1, 2, 3, 5, 6, 8] {
                var drawn = Case(rows: rows, outputs: outputs, inputs: inputs, &random)
                drawn.residual = nil
                drawn.activation = .identity
                #expect(elements(drawn.product(set, rows: 0..<rows)) == drawn.oracle())
            }
        }
    }

    @Test("neither saturates nor wraps where all numbers are extreme", arguments: availableSets)
    func extremes(set: InstructionSet) {
        for (rows, inputs) in [(1, 7), (2, 64), (6, 130), (7, 1000), (1, 65_536)] {
            for (weightSign, inputSign) in [(1, 1), (1, -1), (-1, 1), (-1, -1)] {
                var extreme = Case(
                    outputs: 3, inputs: inputs,
                    weight: Array(repeating: Float(weightSign), count: 3 * inputs),
                    x: matrixOf(
                        Array(repeating: Float(127 * inputSign), count: rows * inputs),
                        columns: inputs))
                // Scales are 1/127 and 1, sums ±127 · 127 · inputs.
                let sum = Float(weightSign * inputSign * 127 * 127 * inputs)
                let expected: Float = sum * (1 / 127)
                let got = elements(extreme.product(set, rows: 0..<rows))
                #expect(got.allSatisfy { $0 == [expected, expected, expected] })
                extreme.precision = .int7
                // Scales are 1/63 and 1, sums ±63 · 127 · inputs.
                let narrow = Float(weightSign * inputSign * 63 * 127 * inputs) * (1 / 63)
                let gotNarrow = elements(extreme.product(set, rows: 0..<rows))
                #expect(gotNarrow.allSatisfy { $0 == [narrow, narrow, narrow] })
            }
        }
    }

    @Test("gives a row the same bits alone and among any others", arguments: availableSets)
    func rowsAreIndependent(set: InstructionSet) {
        var random = SeededGenerator(seed: 33)
        for (outputs, inputs) in [(65, 33), (128, 16), (7, 50)] {
            let drawn = Case(rows: 15, outputs: outputs, inputs: inputs, &random)
            let together = drawn.product(set, rows: 0..<15)
            for first in 0..<15 {
                for last in first..<min(first + 7, 15) {
                    let some = drawn.product(set, rows: first..<last + 1)
                    #expect(some.row(last) == together.row(last))
                }
            }
        }
    }

    @Test("is as near to the product in fp32 as the steps of both sides allow")
    func accuracy() {
        var random = SeededGenerator(seed: 34)
        let (rows, outputs, inputs) = (5, 70, 300)
        let drawn = Case(
            outputs: outputs, inputs: inputs, weight: random.floats(outputs * inputs),
            bias: random.floats(outputs), x: random.matrix(rows: rows, columns: inputs))
        let expected = Matrix(rows: rows, columns: outputs)
        Linear(weight: drawn.weight, bias: drawn.bias, outputs: outputs, inputs: inputs)
            .apply(drawn.x, rows: 0..<rows, into: expected)
        let got = drawn.product(.best, rows: 0..<rows)
        for m in 0..<rows {
            let off = zip(got.row(m), expected.row(m)).map { abs($0 - $1) }
            // Each of 300 products is off by at most half a step, 1/254, of either factor below 1.
            #expect(off.allSatisfy { $0 <= 300 / 127 })
            // Errors of either sign: their mean square is 300 · (1/127)² / 12 · 2 · (1/3).
            #expect((off.reduce(0) { $0 + $1 * $1 } / Float(outputs)).squareRoot() < 0.05)
        }
    }

    @Test("writes the rows and columns it is asked for and no others", arguments: availableSets)
    func writesOnlyItsOwn(set: InstructionSet) {
        var random = SeededGenerator(seed: 35)
        for outputs in [1, 15, 16, 17, 63, 64, 65, 100] {
            for rows in [1, 2, 3, 4, 5, 6, 7, 13] {
                let drawn = Case(rows: rows, outputs: outputs, inputs: 9, &random)
                let x = QuantizedRows(columns: 9, instructionSet: set)
                x.quantize(drawn.x, rows: 0..<rows)
                let y = matrixOf(
                    Array(repeating: 77, count: (rows + 2) * (outputs + 3)), columns: outputs + 3)
                drawn.linear(set).apply(x, into: y, at: 1)
                let outer = y.row(0) + y.row(rows + 1)
                let right = (1...rows).flatMap { y.row($0).suffix(3) }
                #expect((outer + right).allSatisfy { $0 == 77 })
                #expect(y.row(rows).prefix(outputs).allSatisfy { $0 != 77 })
            }
        }
    }

    @Test("may add its residual in place", arguments: availableSets)
    func residualInPlace(set: InstructionSet) {
        var random = SeededGenerator(seed: 36)
        let drawn = Case(rows: 9, outputs: 70, inputs: 8, &random)
        let x = QuantizedRows(columns: 8, instructionSet: set)
        x.quantize(drawn.x, rows: 0..<9)
        let y = random.matrix(rows: 10, columns: 70)
        let apart = Matrix(rows: 10, columns: 70)
        apart.copyRows(from: y)
        drawn.linear(set).apply(x, into: apart, at: 1, .init(residual: y))
        drawn.linear(set).apply(x, into: y, at: 1, .init(residual: y))
        #expect(bits(y) == bits(apart))
    }

    @Test("adds the residual's rows of where the result goes, not of x", arguments: availableSets)
    func residualRows(set: InstructionSet) {
        var random = SeededGenerator(seed: 37)
        let drawn = Case(rows: 4, outputs: 70, inputs: 8, &random)
        let x = QuantizedRows(columns: 8, instructionSet: set)
        x.quantize(drawn.x, rows: 0..<4)
        let residual = random.matrix(rows: 9, columns: 70)
        let (added, plain) = (Matrix(rows: 9, columns: 70), Matrix(rows: 9, columns: 70))
        let linear = drawn.linear(set)
        linear.apply(x, rows: 1..<4, into: plain, at: 5)
        linear.apply(x, rows: 1..<4, into: added, at: 5, .init(residual: residual))
        for row in 5..<8 {
            #expect(
                (0..<70).allSatisfy { added[row, $0] == plain[row, $0] + residual[row, $0] })
        }
    }

    @Test("hides no not-a-number of activations or weights", arguments: availableSets)
    func notANumber(set: InstructionSet) {
        for activation in Activation.allCases {
            var weight = pattern(12, factor: 29)
            weight[5] = .nan
            var drawn = Case(
                outputs: 3, inputs: 4, weight: weight,
                x: matrixOf([1, 2, 3, 4, .infinity, 0, 0, 0], columns: 4))
            drawn.activation = activation
            let y = drawn.product(set, rows: 0..<2)
            #expect(y.row(0).map(\.isNaN) == [false, true, false])
            #expect(y.row(1).map(\.isNaN) == [true, true, true])
        }
    }

    @Test("looks a row of its weights up, scaled, with a position added")
    func embedding() {
        var random = SeededGenerator(seed: 37)
        let (outputs, inputs) = (131, 10)
        let weight = random.floats(outputs * inputs)
        let linear = QuantizedLinear(weight: weight, bias: nil, outputs: outputs, inputs: inputs)
        let positions = random.matrix(rows: 4, columns: inputs)
        let target = Matrix(rows: 2, columns: inputs)
        for output in 0..<outputs {
            linear.embed(output, into: (target, 1), scale: 3.5, adding: (positions, 2))
            let row = quantizedRow(weight[output * inputs..<(output + 1) * inputs])
            let scale: Float = row.scale * 3.5
            let expected = (0..<inputs).map { k -> Float in
                let scaled: Float = Float(row.steps[k]) * scale
                return scaled + positions[2, k]
            }
            #expect(target.row(1) == expected)
        }
        #expect(target.row(0) == Array(repeating: 0, count: inputs))
    }

    @Test("does nothing for no rows")
    func noRows() {
        let linear = QuantizedLinear(weight: [1, 2], bias: [3], outputs: 1, inputs: 2)
        let y = matrixOf([9], columns: 1)
        linear.apply(QuantizedRows(columns: 2), into: y)
        #expect(y[0, 0] == 9)
    }

    @Test("counts a byte a weight, and a scale, an offset and a bias for each padded output")
    func byteCount() {
        let linear = QuantizedLinear(
            weight: Array(repeating: 0, count: 65 * 3), bias: Array(repeating: 0, count: 65),
            outputs: 65, inputs: 3)
        #expect(linear.byteCount == 128 * 8 + 3 * 128 * 4)
    }

    @Test("refuses more inputs than 32-bit sums hold")
    func tooManyInputs() async {
        await #expect(processExitsWith: .failure) {
            let inputs = QuantizedLinear.maximumInputs + 1
            _ = QuantizedLinear(
                weight: Array(repeating: 0, count: inputs), bias: nil, outputs: 1, inputs: inputs)
        }
    }
}
