import Tensor
import TestSupport
import Testing

/// A map and rows for it, drawn at random.
private struct Drawn {
    let linear: QuantizedLinear
    let x: QuantizedRows
    /// All outputs of all rows.
    let y: Matrix

    init(
        rows: Int, outputs: Int, inputs: Int, _ set: InstructionSet,
        _ random: inout SeededGenerator
    ) {
        linear = QuantizedLinear(
            weight: random.floats(outputs * inputs),
            bias: random.below(2) == 0 ? nil : random.floats(outputs),
            outputs: outputs, inputs: inputs, precision: random.below(2) == 0 ? .int8 : .int7,
            instructionSet: set)
        x = QuantizedRows(columns: inputs, capacity: rows, instructionSet: set)
        x.quantize(random.matrix(rows: rows, columns: inputs), rows: 0..<rows)
        y = Matrix(rows: rows, columns: outputs)
        linear.apply(x, into: y)
    }
}

@Suite("Some outputs and some rows of a map in 8 bits")
struct QuantizedSelectionTests {
    @Test("outputs in any order have the bits of the whole product", arguments: availableSets)
    func outputs(set: InstructionSet) {
        var random = SeededGenerator(seed: 41)
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

    @Test("every output can be selected, and none", arguments: availableSets)
    func allOutputs(set: InstructionSet) {
        var random = SeededGenerator(seed: 42)
        let drawn = Drawn(rows: 1, outputs: 131, inputs: 20, set, &random)
        let some = Matrix(rows: 1, columns: 131)
        drawn.linear.apply(drawn.x, row: 0, outputs: [Int]().span, into: (some, 0))
        #expect(some.row(0).allSatisfy { $0 == 0 })
        let all = Array(0..<131)
        drawn.linear.apply(drawn.x, row: 0, outputs: all.span, into: (some, 0))
        #expect(bits(some) == bits(drawn.y))
    }

    @Test("an output that is not there is refused", arguments: [-1, 5, Int.max, Int.min])
    func outsideOutput(id: Int) async {
        await #expect(processExitsWith: .failure) { [id] in
            var random = SeededGenerator(seed: 43)
            let drawn = Drawn(rows: 1, outputs: 5, inputs: 2, .best, &random)
            let ids = [0, id]
            drawn.linear.apply(
                drawn.x, row: 0, outputs: ids.span, into: (Matrix(rows: 1, columns: 2), 0))
        }
    }

    @Test("a row that was not quantised is refused", arguments: [-1, 2])
    func outsideRow(row: Int) async {
        await #expect(processExitsWith: .failure) { [row] in
            var random = SeededGenerator(seed: 44)
            let drawn = Drawn(rows: 2, outputs: 5, inputs: 2, .best, &random)
            let ids = [0]
            drawn.linear.apply(
                drawn.x, row: row, outputs: ids.span, into: (Matrix(rows: 1, columns: 1), 0))
        }
    }

    @Test("some of the rows have the bits that they have among all", arguments: availableSets)
    func rows(set: InstructionSet) {
        var random = SeededGenerator(seed: 45)
        let drawn = Drawn(rows: 11, outputs: 70, inputs: 30, set, &random)
        for range in [0..<11, 3..<4, 4..<11, 2..<8, 5..<5] {
            let y = Matrix(rows: range.count + 1, columns: 70)
            drawn.linear.apply(drawn.x, rows: range, into: y, at: 1)
            for (place, row) in range.enumerated() {
                #expect(y.row(place + 1) == drawn.y.row(row))
            }
        }
    }

    @Test("rows beyond those that were quantised are refused", arguments: [-1..<1, 1..<3])
    func outsideRows(range: Range<Int>) async {
        await #expect(processExitsWith: .failure) { [range] in
            var random = SeededGenerator(seed: 46)
            let drawn = Drawn(rows: 2, outputs: 5, inputs: 2, .best, &random)
            drawn.linear.apply(drawn.x, rows: range, into: Matrix(rows: 4, columns: 5))
        }
    }

    @Test("rows are quantised once for several products, none of which changes them")
    func sharedInput() {
        var random = SeededGenerator(seed: 47)
        let x = random.matrix(rows: 4, columns: 24)
        let shared = QuantizedRows(columns: 24)
        shared.quantize(x, rows: 0..<4)
        for outputs in [24, 24, 48] {
            let linear = QuantizedLinear(
                weight: random.floats(outputs * 24), bias: random.floats(outputs),
                outputs: outputs, inputs: 24)
            let own = QuantizedRows(columns: 24)
            own.quantize(x, rows: 0..<4)
            let (one, other) = (
                Matrix(rows: 4, columns: outputs), Matrix(rows: 4, columns: outputs)
            )
            linear.apply(shared, into: one)
            linear.apply(own, into: other)
            #expect(bits(one) == bits(other))
        }
    }

    @Test("rows that do not follow each other are quantised as each alone")
    func selectedRows() {
        var random = SeededGenerator(seed: 48)
        let x = random.matrix(rows: 9, columns: 13)
        let some = QuantizedRows(columns: 11)
        for selected in [[3, 1, 8, 3], [], [5], [0, 1, 2, 3, 4, 5, 6, 7, 8]] {
            some.quantize(x, selecting: selected.span)
            #expect(some.rows == selected.count)
            for (place, row) in selected.enumerated() {
                let alone = QuantizedRows(columns: 11)
                alone.quantize(x, rows: row..<row + 1)
                #expect(some.row(place) == alone.row(0))
                #expect(some.scale(row: place) == alone.scale(row: 0))
            }
        }
    }

    @Test("a row that is not there is not quantised", arguments: [-1, 2, Int.max])
    func selectedOutside(row: Int) async {
        await #expect(processExitsWith: .failure) { [row] in
            let selected = [0, row]
            QuantizedRows(columns: 2).quantize(
                Matrix(rows: 2, columns: 2), selecting: selected.span)
        }
    }

    @Test("memory grows only beyond the capacity")
    func capacity() {
        let x = Matrix(rows: 9, columns: 5)
        let rows = QuantizedRows(columns: 5, capacity: 8)
        let held = rows.byteCount
        for count in 0...8 {
            rows.quantize(x, rows: 0..<count)
            #expect(rows.byteCount == held && rows.capacity == 8)
        }
        rows.quantize(x, rows: 0..<9)
        #expect(rows.byteCount > held && rows.capacity >= 9)
    }
}
