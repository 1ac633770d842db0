import Tensor
import TestSupport
import Testing

/// Some rows quantised with an instruction set.
private func quantized(_ x: Matrix, _ set: InstructionSet) -> QuantizedRows {
    let rows = QuantizedRows(columns: x.columns, instructionSet: set)
    rows.quantize(x, rows: 0..<x.rows)
    return rows
}

@Suite("Quantised rows")
struct QuantizedRowsTests {
    @Test("hold each value over the row's greatest magnitude times 127, rounded half to even")
    func rounding() {
        let x = matrixOf([127, 0.5, 1.5, 2.5, -0.5, -1.5, 63.49, 0, -127, 1], columns: 5)
        for set in availableSets {
            let rows = quantized(x, set)
            #expect(rows.row(0) == [127, 0, 2, 2, 0])
            #expect(rows.scale(row: 0) == 1)
            #expect(rows.row(1) == [-2, 63, 0, -127, 1])
            #expect(rows.scale(row: 1) == 1)
        }
    }

    @Test("are the same integers and scales with every instruction set, and within half a step")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 21)
        for columns in [1, 3, 4, 15, 16, 17, 63, 64, 65, 200] {
            let x = random.matrix(rows: 5, columns: columns, scale: 7)
            let expected = quantized(x, .reference)
            for set in availableSets {
                let got = quantized(x, set)
                for m in 0..<5 {
                    #expect(got.row(m) == expected.row(m))
                    #expect(got.scale(row: m).bitPattern == expected.scale(row: m).bitPattern)
                    let step = got.scale(row: m)
                    let off = zip(x.row(m), got.row(m)).map { abs($0 - step * Float($1)) }
                    #expect(off.allSatisfy { $0 <= step * 0.50001 })
                }
            }
        }
    }

    @Test("are zeros with scale 0 where the row is, or is too small to scale")
    func zeros() {
        for set in availableSets {
            for value: Float in [0, -0.0, .leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p-101] {
                let rows = quantized(matrixOf([value, value, -value], columns: 3), set)
                #expect(rows.row(0) == [0, 0, 0] && rows.scale(row: 0) == 0)
            }
            let smallest = quantized(matrixOf([0x1p-100, -0x1p-100], columns: 2), set)
            #expect(smallest.row(0) == [127, -127] && smallest.scale(row: 0) > 0)
            let greatest: Float = .greatestFiniteMagnitude
            #expect(
                quantized(matrixOf([greatest, -greatest], columns: 2), set).row(0) == [127, -127])
        }
    }

    @Test("have not-a-number as scale where the row holds an infinity or not-a-number")
    func notFinite() {
        for set in availableSets {
            for value: Float in [.nan, .infinity, -.infinity, -.nan] {
                var row = pattern(20, factor: 29)
                row[17] = value
                let rows = quantized(matrixOf(row + pattern(20, factor: 29), columns: 20), set)
                #expect(rows.scale(row: 0).isNaN)
                #expect(rows.row(0).allSatisfy { $0 == 0 })
                #expect(rows.scale(row: 1) == 2.0 / 127)
            }
        }
    }

    @Test("are replaced by the next quantisation, of more rows or fewer")
    func reuse() {
        var random = SeededGenerator(seed: 22)
        let rows = QuantizedRows(columns: 9, capacity: 2)
        for count in [2, 7, 1, 0, 12] {
            let x = random.matrix(rows: count + 3, columns: 11)
            rows.quantize(x, rows: 3..<count + 3)
            #expect(rows.rows == count)
            for m in 0..<count {
                let alone = QuantizedRows(columns: 9)
                alone.quantize(x, rows: m + 3..<m + 4)
                #expect(alone.row(0) == rows.row(m) && alone.scale(row: 0) == rows.scale(row: m))
            }
        }
    }

    @Test("refuse a row that is not there", arguments: [-1, 2])
    func outside(row: Int) async {
        await #expect(processExitsWith: .failure) { [row] in
            let rows = QuantizedRows(columns: 2)
            rows.quantize(Matrix(rows: 2, columns: 2), rows: 0..<2)
            _ = rows.row(row)
        }
    }
}
