import TestSupport
import Tensor
import Testing

/// Values in −2 … 2.
private func random(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float(generator.below(4001)) / 1000 - 2 }
}

private func matrix(_ rows: Int, _ columns: Int, _ generator: inout SeededGenerator) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    let values = random(rows * columns, &generator)
    for row in 0..<rows {
        for column in 0..<columns { matrix[row, column] = values[row * columns + column] }
    }
    return matrix
}

private func bits(_ matrix: Matrix) -> [UInt32] {
    (0..<matrix.rows).flatMap { matrix.row($0).map(\.bitPattern) }
}

private let variants = InstructionSet.allCases.filter(\.isAvailable)

@Suite("Every instruction set gives the same bits")
struct KernelAgreementTests {
    @Test(
        "A linear map, with every activation and a residual", arguments: [1, 2, 3, 5, 6, 7, 17, 40])
    func linear(_ rows: Int) {
        var generator = SeededGenerator(seed: UInt64(rows))
        for (outputs, inputs) in [(1, 1), (16, 16), (33, 7), (64, 128), (129, 40), (200, 65)] {
            let weight = random(outputs * inputs, &generator)
            let bias = random(outputs, &generator)
            let x = matrix(rows, inputs, &generator)
            let residual = matrix(rows, outputs, &generator)
            for activation in Activation.allCases {
                let results = variants.map { set in
                    let y = Matrix(rows: rows, columns: outputs)
                    Linear(
                        weight: weight, bias: bias, outputs: outputs, inputs: inputs,
                        instructionSet: set
                    ).apply(
                        x, rows: 0..<rows, into: y,
                        .init(activation: activation, residual: residual))
                    return bits(y)
                }
                #expect(Set(results).count == 1, "\(outputs) × \(inputs), \(activation)")
            }
        }
    }

    @Test("A row of a product is the same whatever rows are beside it")
    func rowsAreIndependent() {
        var generator = SeededGenerator(seed: 5)
        let linear = Linear(
            weight: random(100 * 48, &generator), bias: nil, outputs: 100, inputs: 48)
        let x = matrix(40, 48, &generator)
        let together = Matrix(rows: 40, columns: 100)
        linear.apply(x, rows: 0..<40, into: together)
        for row in 0..<40 {
            let alone = Matrix(rows: 1, columns: 100)
            linear.apply(x, rows: row..<row + 1, into: alone)
            #expect(alone.row(0) == together.row(row))
        }
    }

    @Test("Layer normalisation", arguments: [2, 15, 16, 17, 40, 128])
    func layerNorm(_ width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        let x = matrix(5, width, &generator)
        let gamma = random(width, &generator)
        let beta = random(width, &generator)
        let results = variants.map { set in
            let y = Matrix(rows: 5, columns: width)
            LayerNorm(weight: gamma, bias: beta, instructionSet: set).apply(x, rows: 0..<5, into: y)
            return bits(y)
        }
        #expect(Set(results).count == 1)
    }

    @Test("Attention over a range and over a path of rows", arguments: [1, 5, 16, 33, 70])
    func attention(_ count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        for (heads, width) in [(4, 16), (1, 48), (4, 128), (3, 21)] {
            let query = matrix(1, width, &generator)
            let keysValues = matrix(count, 2 * width, &generator)
            let results = variants.flatMap { set in
                [Attention.Rows.range(0..<count), .path((0..<Int32(count)).map { $0 })].map {
                    rows in
                    let output = Matrix(rows: 1, columns: width)
                    Attention(heads: heads, width: width, instructionSet: set).attend(
                        query: (query, 0), .init(keysValues, keyColumn: 0, valueColumn: width),
                        rows: rows, into: (output, 0))
                    return bits(output)
                }
            }
            #expect(Set(results).count == 1, "\(heads) heads, width \(width)")
        }
    }

    @Test("The best of a row and its normaliser", arguments: [1, 15, 16, 100, 4001])
    func top(_ count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        let logits = matrix(1, count, &generator)
        let tops = variants.map { LogitRow(logits, row: 0, instructionSet: $0).top() }
        #expect(tops.allSatisfy { $0 == tops[0] })
        let bests = variants.map {
            LogitRow(logits, row: 0, instructionSet: $0).best(min(count, 10)).map(\.id)
        }
        #expect(bests.allSatisfy { $0 == bests[0] })
    }
}

@Suite("Kernels against their definitions")
struct KernelAccuracyTests {
    @Test("Equal logits go to the lowest id, in the best and in the list")
    func ties() {
        let logits = Matrix(rows: 1, columns: 40)
        for column in [7, 20, 39] { logits[0, column] = 3 }
        #expect(LogitRow(logits, row: 0).top().id == 7)
        #expect(LogitRow(logits, row: 0).best(4).map(\.id) == [7, 20, 39, 0])
    }

    @Test("Probabilities of a row add up to 1, and a banned id takes no part")
    func normalisation() {
        var generator = SeededGenerator(seed: 9)
        let logits = matrix(1, 1000, &generator)
        let row = LogitRow(logits, row: 0)
        row.ban(row.top().id)
        let top = row.top()
        row.subtract(top.logSumExp)
        let sum = logits.row(0).reduce(0.0) { $0 + exponential(Double($1)) }
        // 1,000 terms, each exact to about 2 units in the last place of fp32.
        #expect(abs(sum - 1) < 1e-5)
        #expect(row.best(1)[0].id == top.id)
    }

    @Test("What is not a number is reported, not chosen")
    func notANumber() {
        let logits = Matrix(rows: 1, columns: 33)
        logits[0, 20] = .nan
        #expect(!LogitRow(logits, row: 0).top().logProbability.isFinite)
        for column in 0..<33 { logits[0, column] = -.infinity }
        #expect(!LogitRow(logits, row: 0).top().logProbability.isFinite)
    }

    @Test("Swish and GELU agree with PyTorch's")
    func activations() {
        let x: [Float] = [-6, -2, -1, -0.5, 0, 0.5, 1, 2, 6]
        // torch.nn.functional.silu and gelu (approximate='none') in float64.
        let swish = [
            -0.014835738939808652, -0.2384058440442351, -0.2689414213699951, -0.1887703343990727,
            0, 0.3112296656009273, 0.7310585786300049, 1.7615941559557649, 5.985164261060192,
        ]
        let gelu = [
            -5.919525870362587e-09, -0.04550026389635842, -0.15865525393145707,
            -0.15426876936299344, 0, 0.34573123063700656, 0.8413447460685429, 1.9544997361036416,
            5.999999994080474,
        ]
        for (activation, expected) in [(Activation.swish, swish), (.gelu, gelu)] {
            let input = Matrix(rows: x.count, columns: 1)
            for (row, value) in x.enumerated() { input[row, 0] = value }
            let output = Matrix(rows: x.count, columns: 1)
            Linear(weight: [1], bias: nil, outputs: 1, inputs: 1).apply(
                input, rows: 0..<x.count, into: output, .init(activation: activation))
            for (row, value) in expected.enumerated() {
                // A few units in the last place of fp32 at the size of x.
                #expect(abs(Double(output[row, 0]) - value) < 1e-6)
            }
        }
    }
}

/// e^x by its series on halves, to judge by without a mathematics library.
private func exponential(_ x: Double) -> Double {
    if x == -.infinity { return 0 }
    if abs(x) > 0.5 {
        let half = exponential(x / 2)
        return half * half
    }
    var term = 1.0
    return (1...20).reduce(into: 1.0) { sum, n in
        term *= x / Double(n)
        sum += term
    }
}
