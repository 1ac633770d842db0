import Tensor
import TestSupport
import Testing

@Suite("A matrix")
struct MatrixTests {
    @Test("starts as zeros")
    func zeros() {
        let matrix = Matrix(rows: 3, columns: 5)
        #expect((0..<3).allSatisfy { matrix.row($0) == [0, 0, 0, 0, 0] })
    }

    @Test("keeps its rows while it grows and shrinks")
    func resize() {
        let matrix = Matrix(rows: 0, columns: 3)
        for rows in 1...100 {
            matrix.resize(rows: rows)
            for column in 0..<3 { matrix[rows - 1, column] = Float(rows * 3 + column) }
        }
        for rows in [60, 100, 10] {
            matrix.resize(rows: rows)
            #expect(matrix.rows == rows)
            for row in 0..<min(rows, 60) {
                let first = Float((row + 1) * 3)
                #expect(matrix.row(row) == [first, first + 1, first + 2])
            }
        }
    }

    @Test("never gives memory back by shrinking, and grows in few steps")
    func growth() {
        let matrix = Matrix(rows: 1, columns: 64)
        var sizes: Set<Int> = []
        for rows in 1...10_000 {
            matrix.resize(rows: rows)
            sizes.insert(matrix.byteCount)
        }
        #expect(sizes.count < 30)
        let held = matrix.byteCount
        matrix.resize(rows: 0)
        #expect(matrix.byteCount == held)
    }

    @Test("copies a row from another matrix and from itself")
    func copyRow() {
        let source = matrixOf([1, 2, 3, 4], columns: 2)
        let target = Matrix(rows: 2, columns: 2)
        target.copyRow(0, from: source, sourceRow: 1)
        target.copyRow(1, from: target, sourceRow: 0)
        target.copyRow(0, from: target, sourceRow: 0)
        #expect(target.row(0) == [3, 4] && target.row(1) == [3, 4])
    }

    @Test("rows are copied to the places that are named, and no others change")
    func copyRowsToPlaces() {
        let source = matrixOf([1, 2, 3, 4, 5, 6], columns: 2)
        let target = matrixOf(Array(repeating: 0, count: 8), columns: 2)
        target.copyRows(to: [3, 0], from: source)
        #expect((0..<4).map(target.row) == [[3, 4], [0, 0], [0, 0], [1, 2]])
    }

    @Test("refuses a row or column outside it", arguments: [(2, 0), (-1, 0), (0, 3), (0, -1)])
    func outside(row: Int, column: Int) async {
        await #expect(processExitsWith: .failure) { [row, column] in
            _ = Matrix(rows: 2, columns: 3)[row, column]
        }
    }
}

@Suite("Instruction sets")
struct InstructionSetTests {
    @Test("the reference is always available, and the best one is")
    func available() {
        #expect(InstructionSet.reference.isAvailable && InstructionSet.best.isAvailable)
    }
    @Test(
        "a set that extends another is there only where that one is, and no machine has both kinds")
    func extensions() {
        #expect(!InstructionSet.avx512.isAvailable || InstructionSet.avx2.isAvailable)
        #expect(!InstructionSet.avx512VNNI.isAvailable || InstructionSet.avx512.isAvailable)
        #expect(!InstructionSet.neonDotProduct.isAvailable || InstructionSet.neon.isAvailable)
        #expect(!(InstructionSet.neon.isAvailable && InstructionSet.avx2.isAvailable))
    }

    @Test("each has a name of its own")
    func names() {
        #expect(
            Set(InstructionSet.allCases.map(\.description)).count == InstructionSet.allCases.count)
    }
}
