import CKernels
import Tensor
import TensorTraining
import TestSupport

/// The instruction sets that this machine can run; the reference is always among them.
let availableSets = InstructionSet.allCases.filter(\.isAvailable)

/// The vector instruction sets that this machine can run.
let vectorSets = availableSets.filter { $0 != .reference }

/// The variants of the kernels that this machine can run.
let availableKernels = [
    CK_ISA_REFERENCE, CK_ISA_AVX2, CK_ISA_AVX512, CK_ISA_AVX512_VNNI, CK_ISA_NEON,
    CK_ISA_NEON_DOTPROD,
].filter(ck_available)

extension SeededGenerator {
    /// A number of −1 ..< 1 with 24 random bits.
    mutating func unit() -> Float {
        Float(next() >> 40) / Float(1 << 23) - 1
    }

    /// `count` numbers of −scale ..< scale.
    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in unit() * scale }
    }

    /// A matrix of numbers of −scale ..< scale.
    mutating func matrix(rows: Int, columns: Int, scale: Float = 1) -> Matrix {
        matrixOf(floats(rows * columns, scale: scale), columns: columns)
    }
}

/// A matrix from its elements, row by row.
func matrixOf(_ elements: [Float], columns: Int) -> Matrix {
    let matrix = Matrix(rows: elements.count / columns, columns: columns)
    for (index, value) in elements.enumerated() { matrix[index / columns, index % columns] = value }
    return matrix
}

/// The bits of all elements, so that comparison is exact: −0 is not 0, and equal NaN bits are equal.
func bits(_ matrix: Matrix) -> [UInt32] {
    (0..<matrix.rows).flatMap { matrix.row($0).map(\.bitPattern) }
}

/// Numbers spread from −2 to 31/16 in an order that a factor gives, all exact in binary.
func pattern(_ count: Int, factor: Int) -> [Float] {
    (0..<count).map { Float($0 * factor % 64 - 32) / 16 }
}

/// Whether two lists agree within an absolute and relative tolerance.
func agree(_ got: [Float], _ expected: [Double], tolerance: Double) -> Bool {
    got.count == expected.count
        && zip(got, expected).allSatisfy { abs(Double($0) - $1) <= tolerance * max(1, abs($1)) }
}

/// A vector from its values.
func vectorOf(_ values: [Float], _ set: InstructionSet = .best) -> ParameterVector {
    let vector = ParameterVector(count: values.count, instructionSet: set)
    vector.set(values, at: 0)
    return vector
}

/// The values of a whole vector.
func values(_ vector: ParameterVector) -> [Float] {
    vector.withValues(0..<vector.count) { Array($0) }
}

/// The bits of a whole vector.
func bits(_ vector: ParameterVector) -> [UInt32] { values(vector).map(\.bitPattern) }
