import Tensor
import TensorTraining
import TestSupport
import Testing

@Suite("A vector of parameters")
struct ParameterVectorTests {
    @Test("sets, copies and clears only what it is told to")
    func edits() {
        let vector = vectorOf([0, 1, 2, 3, 4, 5, 6, 7])
        vector.set([10, 11], at: 1)
        vector.copy(1..<3, to: 6)
        vector.clear(3..<5)
        vector[0] = 9
        #expect(values(vector) == [9, 10, 11, 0, 0, 5, 10, 11])
        #expect(vector[6] == 10)
        vector.set([], at: 8)
        #expect(vector.withValues(1..<3) { Array($0) } == [10, 11])
    }

    @Test("adds and sums with the same bits on every instruction set")
    func sums() {
        var random = SeededGenerator(seed: 61)
        for count in [1, 15, 16, 17, 33, 1000] {
            let (a, b) = (random.floats(count + 2), random.floats(count + 2))
            let range = 1..<count + 1
            let row = Matrix(rows: 2, columns: count)
            for index in 0..<count { row[1, index] = b[index + 1] }
            let results = availableSets.map { set in
                let (vector, byRow) = (vectorOf(a, set), vectorOf(a, set))
                vector.add(vectorOf(b, set), scale: 0.3, in: range)
                byRow.addRow(row, row: 1, scale: 0.3, at: 1)
                #expect(bits(vector) == bits(byRow))
                return (bits(vector), vector.squareSum(range))
            }
            let expected = a.indices.map { index in
                Double(a[index])
                    + (range.contains(index) ? Double(Float(0.3)) * Double(b[index]) : 0)
            }
            let got = results[0].0.map(Float.init(bitPattern:))
            #expect(agree(got, expected, tolerance: 1.2e-7))
            let squares = got[range].reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(results[0].1 - squares) <= 1e-13 * squares)
            #expect(results.allSatisfy { $0.0 == results[0].0 && $0.1 == results[0].1 })
        }
    }

    @Test("looks an embedding up: scaled, with a position added", arguments: availableSets)
    func embedding(set: InstructionSet) {
        var random = SeededGenerator(seed: 62)
        for width in [2, 15, 16, 18] {
            let table = random.floats(3 * width)
            let positions = random.matrix(rows: 4, columns: width)
            let target = Matrix(rows: 2, columns: width)
            vectorOf(table, set).embed(
                at: 2 * width, scale: 4, adding: (positions, 3), into: (target, 1))
            // Multiplication by 4 is exact, so fused and apart give the same bits.
            let expected = (0..<width).map { 4 * table[2 * width + $0] + positions[3, $0] }
            #expect(target.row(1) == expected)
            #expect(target.row(0) == Array(repeating: 0, count: width))
        }
    }
}

@Suite("Adam")
struct AdamTests {
    @Test("gives the same bits with every instruction set and in any parts")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 63)
        for count in [1, 15, 16, 17, 33, 100] {
            let (start, gradient) = (random.floats(count), random.floats(count))
            let results = availableSets.flatMap { set in
                [[0..<count], [0..<count / 3, count / 3..<count]].map { parts in
                    var adam = Adam(instructionSet: set)
                    adam.weightDecay = 0.1
                    let (parameters, moments) = (vectorOf(start), Adam.Moments(count: count))
                    for number in 1...3 {
                        for part in parts {
                            adam.apply(
                                parameters, gradient: vectorOf(gradient), moments: moments,
                                in: part, .init(number: number, rate: 0.01, gradientScale: 0.7))
                        }
                    }
                    return [bits(parameters), bits(moments.first), bits(moments.second)]
                }
            }
            #expect(results.allSatisfy { $0 == results[0] }, "\(count)")
        }
    }

    @Test(
        "takes the steps of algorithm 1 with decoupled weight decay",
        arguments: [1, 2, 1000, 1_000_000])
    func formulas(number: Int) {
        var random = SeededGenerator(seed: 64)
        let count = 20
        var adam = Adam()
        adam.weightDecay = 0.05
        let (theta, g) = (random.floats(count), random.floats(count))
        let (m, v) = (random.floats(count), random.floats(count).map { $0 * $0 })
        let (parameters, moments) = (vectorOf(theta), Adam.Moments(count: count))
        moments.first.set(m, at: 0)
        moments.second.set(v, at: 0)
        adam.apply(
            parameters, gradient: vectorOf(g), moments: moments, in: 0..<count,
            .init(number: number, rate: 0.003, gradientScale: 0.5))
        let (beta1, beta2) = (Double(adam.beta1), Double(adam.beta2))
        let first = (0..<count).map { beta1 * Double(m[$0]) + (1 - beta1) * Double(g[$0]) / 2 }
        let second = (0..<count).map {
            beta2 * Double(v[$0]) + (1 - beta2) * Double(g[$0] * g[$0]) / 4
        }
        let expected = (0..<count).map { index in
            let mean = first[index] / (1 - power(beta1, number))
            let square = second[index] / (1 - power(beta2, number))
            return Double(theta[index]) * (1 - 0.003 * 0.05)
                - 0.003 * mean / (square.squareRoot() + 1e-9)
        }
        #expect(agree(values(moments.first), first, tolerance: 2e-7))
        #expect(agree(values(moments.second), second, tolerance: 2e-7))
        #expect(agree(values(parameters), expected, tolerance: 1e-6))
    }

    @Test("of a first step goes by the rate against the gradient's sign, however great it is")
    func firstStep() {
        let parameters = vectorOf([1, 1, 1])
        Adam().apply(
            parameters, gradient: vectorOf([1e-3, -1e4, 0]), moments: .init(count: 3), in: 0..<3,
            .init(number: 1, rate: 0.25, gradientScale: 1))
        #expect(agree(values(parameters), [0.75, 1.25, 1], tolerance: 1e-5))
    }

    private func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest % 2 == 1 { result *= square }
            square *= square
            rest /= 2
        }
        return result
    }
}
