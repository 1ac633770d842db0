import Tensor
import TestSupport
import Testing

/// A map in fp32 and rows for it, drawn at random.
private struct Drawn {
    let linear: Linear
    let x: Matrix
    /// All outputs of all rows.
    let y: Matrix

    init(
        rows: Int, outputs: Int, inputs: Int, _ set: InstructionSet,
        _ random: inout SeededGenerator
    ) {
        linear = Linear(
            weight: random.floats(outputs * inputs),
            bias: random.below(2) == 0 ? nil : random.floats(outputs),
            outputs: outputs, inputs: inputs, instructionSet: set)
        x = random.matrix(rows: rows, columns: inputs + random.below(3))
        y = Matrix(rows: rows, columns: outputs)
        linear.apply(x, rows: 0..<rows, into: y)
    }
}

@Suite("Some outputs of a map")
struct SelectionTests {
    @Test("in any order have the bits of the whole product", arguments: availableSets)
    func outputs(set: InstructionSet) {
        var random = SeededGenerator(seed: 51)
        for count in 1...21 {
            let outputs = 1 + random.below(200)
            let drawn = Drawn(
                rows: 3, outputs: outputs, inputs: 1 + random.below(150), set, &random)
            let ids = (0..<count).map { _ in random.below(outputs) }
            let some = matrixOf(Array(repeating: 77, count: 2 * (count + 1)), columns: count + 1)
            drawn.linear.apply(drawn.x, row: 2, outputs: ids.span, into: (some, 1))
            let expected = ids.map { drawn.y[2, $0].bitPattern }
            #expect(some.row(1).prefix(count).map(\.bitPattern) == expected)
            #expect(some[1, count] == 77 && some.row(0).allSatisfy { $0 == 77 })
        }
    }

    @Test("can be all of them, or none", arguments: availableSets)
    func allOutputs(set: InstructionSet) {
        var random = SeededGenerator(seed: 52)
        let drawn = Drawn(rows: 1, outputs: 131, inputs: 20, set, &random)
        let some = Matrix(rows: 1, columns: 131)
        drawn.linear.apply(drawn.x, row: 0, outputs: [Int]().span, into: (some, 0))
        #expect(some.row(0).allSatisfy { $0 == 0 })
        let all = Array(0..<131)
        drawn.linear.apply(drawn.x, row: 0, outputs: all.span, into: (some, 0))
        #expect(bits(some) == bits(drawn.y))
    }

    @Test("keep a −∞ of the bias and whatever is not a number", arguments: availableSets)
    func notFinite(set: InstructionSet) {
        let linear = Linear(
            weight: [1, 2, 3], bias: [0, -.infinity, 1], outputs: 3, inputs: 1,
            instructionSet: set)
        let x = matrixOf([1, .nan], columns: 1)
        let y = Matrix(rows: 2, columns: 2)
        let ids = [1, 2]
        for row in 0..<2 { linear.apply(x, row: row, outputs: ids.span, into: (y, row)) }
        #expect(y.row(0) == [-.infinity, 4])
        #expect(y.row(1).allSatisfy { $0.isNaN })
    }

    @Test("are refused where they are not there", arguments: [-1, 5, Int.max, Int.min])
    func outsideOutput(id: Int) async {
        await #expect(processExitsWith: .failure) { [id] in
            var random = SeededGenerator(seed: 53)
            let drawn = Drawn(rows: 1, outputs: 5, inputs: 2, .best, &random)
            let ids = [0, id]
            drawn.linear.apply(
                drawn.x, row: 0, outputs: ids.span, into: (Matrix(rows: 1, columns: 2), 0))
        }
    }

    @Test(
        "of a row that was not given are refused", arguments: Precision.allCases.map(\.rawValue),
        [-1, 2])
    func outsideRow(name: String, row: Int) async {
        await #expect(processExitsWith: .failure) { [name, row] in
            guard let precision = Precision(rawValue: name) else { return }
            let projection = Projection(
                weight: [1, 2], bias: nil, outputs: 2, inputs: 1, precision: precision)
            let input = ProjectionInput(columns: 1, precision: precision)
            input.set(Matrix(rows: 4, columns: 1), rows: 2)
            let ids = [0]
            projection.apply(
                input, row: row, outputs: ids.span, into: (Matrix(rows: 1, columns: 1), 0))
        }
    }

    @Test(
        "of a projection are those of the whole, in either precision",
        arguments: Precision.allCases)
    func projection(precision: Precision) {
        var random = SeededGenerator(seed: 54)
        let projection = Projection(
            weight: random.floats(90 * 33), bias: random.floats(90), outputs: 90, inputs: 33,
            precision: precision)
        let input = ProjectionInput(columns: 33, precision: precision)
        let x = random.matrix(rows: 5, columns: 33)
        let y = Matrix(rows: 3, columns: 90)
        input.set(x, selecting: [4, 0, 3])
        projection.apply(input, into: y)
        let ids = [89, 0, 17, 17, 64]
        let some = Matrix(rows: 3, columns: 5)
        for row in 0..<3 {
            projection.apply(input, row: row, outputs: ids.span, into: (some, row))
            #expect(some.row(row) == ids.map { y[row, $0] })
        }
    }
}
