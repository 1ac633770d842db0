import Foundation
import Tensor
import TensorTraining
import TestSupport
import Testing

@Suite("Gradients of activations")
struct ActivationGradientTests {
    @Test("have the same bits with every instruction set", arguments: Activation.allCases)
    func instructionSetsAgree(activation: Activation) {
        var random = SeededGenerator(seed: 81)
        for columns in [1, 15, 16, 17, 33] {
            let x = random.matrix(rows: 3, columns: columns, scale: 12)
            let dy = random.matrix(rows: 3, columns: columns)
            let results = availableSets.map { set in
                let slope = Matrix(rows: 3, columns: columns)
                slope.copyRows(from: dy)
                activation.gradient(slope, at: x, instructionSet: set)
                return bits(slope)
            }
            #expect(results.allSatisfy { $0 == results[0] }, "\(activation), \(columns)")
        }
    }

    @Test("are the derivatives in double precision", arguments: Activation.allCases)
    func derivatives(activation: Activation) {
        let x = (-96...96).map { Float($0) / 8 } + [-200, 200, -1e-30]
        let dy = matrixOf(Array(repeating: 2, count: x.count), columns: x.count)
        activation.gradient(dy, at: matrixOf(x, columns: x.count))
        let expected = x.map { x -> Double in
            let x = Double(x)
            let sigmoid = 1 / (1 + exp(-x))
            return switch activation {
            case .identity: 2
            case .relu: x > 0 ? 2 : 0
            case .swish: 2 * (sigmoid + x * sigmoid * (1 - sigmoid))
            case .quickGELU:
                {
                    let sigmoid = 1 / (1 + exp(-1.702 * x))
                    return 2 * (sigmoid + 1.702 * x * sigmoid * (1 - sigmoid))
                }()
            case .gelu:
                erfc(-x / 2.0.squareRoot()) + 2 * x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
            }
        }
        #expect(agree(dy.row(0), expected, tolerance: 2e-6))
    }

    @Test("of ReLU can be told from the value behind it as well")
    func reluAfter() {
        let x = matrixOf([-2, 0, 3], columns: 3)
        let (after, dy) = (Matrix(rows: 1, columns: 3), matrixOf([5, 6, 7], columns: 3))
        Activation.relu.apply(x, into: after)
        #expect(after.row(0) == [0, 0, 3] && x.row(0) == [-2, 0, 3])
        Activation.relu.gradient(dy, at: after)
        #expect(dy.row(0) == [0, 0, 7])
    }
}

@Suite("Dropout")
struct DropoutTests {
    @Test("has the same bits with every instruction set, with and without an addend")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 82)
        for columns in [1, 15, 16, 17, 33] {
            let (x, other) = (
                random.matrix(rows: 3, columns: columns), random.matrix(rows: 3, columns: columns)
            )
            for addend in [nil, other] {
                let results = availableSets.map { set in
                    let values = Matrix(rows: 3, columns: columns)
                    values.copyRows(from: x)
                    Dropout(rate: 0.4, instructionSet: set).apply(values, key: 7, adding: addend)
                    return bits(values)
                }
                #expect(results.allSatisfy { $0 == results[0] }, "\(columns)")
            }
        }
    }

    @Test("drops about the share it is told to, and scales the rest", arguments: [0.1, 0.25, 0.9])
    func share(rate: Double) {
        let count = 100_000
        let values = matrixOf(Array(repeating: 3, count: count), columns: 100)
        Dropout(rate: rate).apply(values, key: 12345)
        let all = (0..<values.rows).flatMap(values.row)
        let dropped = all.count { $0 == 0 }
        // Five standard deviations of a binomial count.
        let deviation = (Double(count) * rate * (1 - rate)).squareRoot()
        #expect(abs(Double(dropped) - Double(count) * rate) < 5 * deviation)
        #expect(all.allSatisfy { $0 == 0 || abs($0 - Float(3 / (1 - rate))) < 1e-5 * $0 })
    }

    @Test("drops the same places for the same key, and others for another")
    func keys() {
        func kept(_ key: UInt32) -> [Bool] {
            let values = matrixOf(Array(repeating: 1, count: 400), columns: 400)
            Dropout(rate: 0.5).apply(values, key: key)
            return values.row(0).map { $0 > 0 }
        }
        #expect(kept(1) == kept(1))
        // Independent choices differ in half of the places, ten standard deviations from all.
        #expect(zip(kept(1), kept(2)).count { $0 != $1 } > 100)
    }

    @Test("adds after dropping, also where nothing is dropped")
    func adding() {
        let (values, addend) = (
            matrixOf(Array(repeating: 1, count: 64), columns: 64),
            matrixOf(Array(repeating: 10, count: 64), columns: 64)
        )
        Dropout(rate: 0.5).apply(values, key: 3, adding: addend)
        #expect(Set(values.row(0)) == [10, 12])
        let off = Dropout(rate: 0)
        off.apply(addend, key: 3, adding: addend)
        #expect(off.isOff && addend.row(0).allSatisfy { $0 == 20 })
        off.apply(addend, key: 3)
        #expect(addend.row(0).allSatisfy { $0 == 20 })
    }
}
