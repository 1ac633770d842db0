import Tensor
import TestSupport
import Testing

/// Numbers of all sizes, many of them as near to a number of 16 bits as to the next one.
private func drawn(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in
        var bits = UInt32(truncatingIfNeeded: random.next())
        let exponent = 100 + UInt32(random.next() % 45)
        bits = bits & 0x807F_FFFF | exponent << 23
        if random.next() % 4 == 0 { bits = bits & ~0x1FFF | 0x1000 }
        return Float(bitPattern: bits)
    }
}

/// The Swift standard library's rounding, but that finite numbers stay finite.
private func rounded(_ value: Float) -> Float {
    let half = Float(Float16(value))
    return half.isInfinite && value.isFinite ? (value < 0 ? -65504 : 65504) : half
}

@Suite("A matrix of numbers of 16 bits")
struct HalfMatrixTests {
    @Test("rounds to nearest, half to even, as binary16 is defined", arguments: availableSets)
    func rounding(set: InstructionSet) {
        var random = SeededGenerator(seed: 31)
        for columns in [1, 7, 15, 16, 17, 33, 5_000] {
            let values = drawn(columns, &random)
            let matrix = HalfMatrix(rows: 1, columns: columns, instructionSet: set)
            matrix.roundRow(0, from: matrixOf(values, columns: columns), sourceRow: 0)
            #expect(
                matrix.row(0).map(\.bitPattern) == values.map { rounded($0).bitPattern },
                "\(columns) columns")
        }
    }

    @Test("keeps every number of 16 bits as it is", arguments: availableSets)
    func everyNumber(set: InstructionSet) {
        let values = (0...UInt16.max).map { Float(Float16(bitPattern: $0)) }
        let matrix = HalfMatrix(rows: 1, columns: values.count, instructionSet: set)
        matrix.roundRow(0, from: matrixOf(values, columns: values.count), sourceRow: 0)
        #expect(
            zip(matrix.row(0), values).allSatisfy { kept, value in
                kept.bitPattern == value.bitPattern || (kept.isNaN && value.isNaN)
            })
    }

    @Test("keeps what is finite finite, and what is not what it is", arguments: availableSets)
    func extremes(set: InstructionSet) {
        let greatest = Float.greatestFiniteMagnitude
        let values: [Float] = [
            65504, 65519, 65520, 1e6, -65520, greatest, -greatest, .infinity, -.infinity, .nan, 0,
            -0.0, 0x1p-24, 0x1p-25, 0x1.000002p-25, .leastNonzeroMagnitude, -0x1p-30, 0x1.ffap-15,
            0x1.ffcp-15,
        ]
        let expected: [Float] = [
            65504, 65504, 65504, 65504, -65504, 65504, -65504, .infinity, -.infinity, .nan, 0,
            -0.0, 0x1p-24, 0, 0x1p-24, 0, -0.0, 0x1.ff8p-15, 0x1p-14,
        ]
        let matrix = HalfMatrix(rows: 1, columns: values.count, instructionSet: set)
        matrix.roundRow(0, from: matrixOf(values, columns: values.count), sourceRow: 0)
        for (kept, value) in zip(matrix.row(0), expected) {
            #expect(kept.bitPattern == value.bitPattern || (kept.isNaN && value.isNaN))
        }
    }

    @Test("keeps its rows while it grows and shrinks, in half the memory of one in fp32")
    func resize() {
        let matrix = HalfMatrix(rows: 0, columns: 3)
        let float = Matrix(rows: 0, columns: 3)
        for rows in 1...100 {
            matrix.resize(rows: rows)
            float.resize(rows: rows)
            let first = Float(rows * 3)
            let row = matrixOf([first, first + 1, first + 2], columns: 3)
            matrix.roundRow(rows - 1, from: row, sourceRow: 0)
        }
        #expect(matrix.byteCount * 2 == float.byteCount)
        for rows in [60, 100, 10] {
            matrix.resize(rows: rows)
            #expect(matrix.rows == rows)
            for row in 0..<min(rows, 60) {
                let first = Float((row + 1) * 3)
                #expect(matrix.row(row) == [first, first + 1, first + 2])
            }
        }
        #expect(matrix.byteCount * 2 == float.byteCount)
    }

    @Test("rows go to the places that are named, and no others change")
    func rowsToPlaces() {
        let source = matrixOf([1, 2, 3, 4, 5, 6], columns: 2)
        let matrix = HalfMatrix(rows: 4, columns: 2)
        matrix.roundRows(to: [3, 0], from: source)
        #expect((0..<4).map(matrix.row) == [[3, 4], [0, 0], [0, 0], [1, 2]])
        matrix.roundRow(1, from: source, sourceRow: 2)
        #expect((0..<4).map(matrix.row) == [[3, 4], [5, 6], [0, 0], [1, 2]])
        let all = HalfMatrix(rows: 2, columns: 2)
        all.roundRows(from: source)
        #expect((0..<2).map(all.row) == [[1, 2], [3, 4]])
    }
}
