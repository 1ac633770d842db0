import Foundation
import Tensor
import TestSupport
import Testing

/// softmax(q·Kᵀ / √(d/heads))·V of one query in double precision; keys and values as lists of rows.
private func attention(
    _ query: [Float], _ keys: [[Float]], _ values: [[Float]], heads: Int
) -> [Double] {
    let size = query.count / heads
    return (0..<query.count).map { column in
        let head = column / size * size..<(column / size + 1) * size
        let scores = keys.map { key in
            head.reduce(0) { $0 + Double(query[$1]) * Double(key[$1]) } / Double(size).squareRoot()
        }
        let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
        let weighted = zip(weights, values).reduce(0) { $0 + $1.0 * Double($1.1[column]) }
        return weighted / weights.reduce(0, +)
    }
}

/// Keys and values side by side behind two columns of something else, and a query.
private struct Case {
    static let offset = 2
    let heads: Int
    let width: Int
    let query: Matrix
    let keysValues: Matrix

    init(rows: Int, heads: Int, headWidth: Int, _ random: inout SeededGenerator) {
        self.heads = heads
        width = heads * headWidth
        query = random.matrix(rows: 2, columns: width + 1, scale: 3)
        keysValues = random.matrix(rows: rows, columns: Self.offset + 2 * width, scale: 3)
    }

    /// What the second query gathers from some rows.
    func attend(_ set: InstructionSet, _ rows: Range<Int>) -> [Float] {
        let output = Matrix(rows: 3, columns: width)
        Attention(heads: heads, width: width, instructionSet: set).attend(
            query: (query, 1),
            .init(keysValues, keyColumn: Self.offset, valueColumn: Self.offset + width),
            rows: rows, into: (output, 2))
        return output.row(2)
    }

    /// What both queries gather from some rows each.
    func attend(_ set: InstructionSet, _ first: [Int32], _ second: [Int32]) -> [[Float]] {
        let output = Matrix(rows: 2, columns: width)
        Attention(heads: heads, width: width, instructionSet: set).attend(
            queries: query,
            .init(keysValues, keyColumn: Self.offset, valueColumn: Self.offset + width),
            nodes: first + second,
            paths: [0..<first.count, first.count..<first.count + second.count], into: output)
        return [output.row(0), output.row(1)]
    }

    /// Keys and values in 16 bits, and the same numbers in fp32.
    func rounded(_ set: InstructionSet) -> (half: HalfMatrix, float: Matrix) {
        let columns = keysValues.columns
        let half = HalfMatrix(rows: keysValues.rows, columns: columns, instructionSet: set)
        half.roundRows(from: keysValues)
        return (half, matrixOf((0..<half.rows).flatMap(half.row), columns: columns))
    }

    /// The same in double precision.
    func expected(_ rows: [Int]) -> [Double] {
        let chosen = rows.map { keysValues.row($0).dropFirst(Self.offset) }
        return attention(
            Array(query.row(1).prefix(width)), chosen.map { Array($0.prefix(width)) },
            chosen.map { Array($0.suffix(width)) }, heads: heads)
    }
}

/// Numbers of heads and their widths: tiny, as in models, and multiples of nothing.
private let shapes = [(1, 1), (2, 4), (4, 32), (2, 64), (3, 5), (2, 16), (2, 48), (1, 37)]

@Suite("Attention")
struct AttentionTests {
    @Test("gives the same bits with every instruction set, for any heads and number of keys")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 21)
        for (heads, headWidth) in shapes {
            for count in [1, 2, 3, 4, 5, 15, 16, 17, 20, 33, 70] {
                let drawn = Case(rows: count, heads: heads, headWidth: headWidth, &random)
                let results = availableSets.map {
                    drawn.attend($0, 0..<count).map(\.bitPattern)
                }
                #expect(
                    results.allSatisfy { $0 == results[0] }, "\(heads)x\(headWidth), \(count) keys")
            }
        }
    }

    @Test("over 16 bits gives the bits of the same numbers in fp32", arguments: availableSets)
    func halves(set: InstructionSet) {
        var random = SeededGenerator(seed: 26)
        for (heads, headWidth) in shapes {
            for count in [1, 2, 3, 4, 5, 15, 16, 17, 20, 33, 70] {
                let drawn = Case(rows: count, heads: heads, headWidth: headWidth, &random)
                let (half, float) = drawn.rounded(set)
                let reference = drawn.rounded(.reference).float
                let attention = Attention(heads: heads, width: drawn.width, instructionSet: set)
                let (keys, values) = (Case.offset, Case.offset + drawn.width)
                let path = (0..<count).map { Int32($0 * 7 % count) }
                let results = [
                    Attention.KeysValues(half, keyColumn: keys, valueColumn: values),
                    Attention.KeysValues(float, keyColumn: keys, valueColumn: values),
                ].map { keysValues in
                    let output = Matrix(rows: 5, columns: drawn.width)
                    attention.attend(
                        query: (drawn.query, 0), keysValues, rows: 0..<count, into: (output, 4))
                    attention.attend(
                        queries: drawn.query, keysValues, nodes: path,
                        paths: [0..<count, count / 2..<count], into: output)
                    var weights = [Float](repeating: 0, count: heads * count)
                    attention.attend(
                        query: (drawn.query, 1), keysValues, rows: 0..<count, into: (output, 3),
                        weights: &weights, at: 0)
                    var scores = [Float](repeating: 1, count: count)
                    attention.addContributions(
                        to: &scores, weights: weights, at: 0, count: count, keysValues,
                        along: (drawn.query, 1), where: { $0 != 1 })
                    return bits(output) + (weights + scores).map(\.bitPattern)
                }
                #expect(results[0] == results[1], "\(heads)x\(headWidth), \(count) keys")
                #expect(bits(float) == bits(reference))
            }
        }
    }

    @Test("agrees with double precision", arguments: availableSets)
    func accuracy(set: InstructionSet) {
        var random = SeededGenerator(seed: 22)
        for (heads, headWidth) in shapes {
            let drawn = Case(rows: 19, heads: heads, headWidth: headWidth, &random)
            // Scores up to 9·√64 = 72 keep an error of about 72·2⁻²³ through exp; values are up to 3.
            let expected = drawn.expected(Array(4..<17))
            #expect(agree(drawn.attend(set, 4..<17), expected, tolerance: 5e-5))
        }
    }

    @Test("over a path of rows is as over the same rows in a row", arguments: availableSets)
    func pathIsAsRange(set: InstructionSet) {
        var random = SeededGenerator(seed: 23)
        for (heads, headWidth) in shapes {
            let drawn = Case(rows: 24, heads: heads, headWidth: headWidth, &random)
            let path: [Int32] = [20, 3, 7, 7, 0]
            let results = drawn.attend(set, path, Array(3..<22))
            #expect(results[1] == drawn.attend(set, 3..<22))
            // Either query attends as it does beside another.
            #expect(drawn.attend(set, Array(0..<24), path)[1] == drawn.attend(set, [5], path)[1])
            #expect(
                agree(
                    drawn.attend(set, [1], path)[1], drawn.expected(path.map(Int.init)),
                    tolerance: 5e-5))
            #expect(drawn.attend(set, path, [1])[0] == results[0])
        }
    }

    @Test("of a sentence on itself is that of each row alone", arguments: availableSets)
    func selfAttention(set: InstructionSet) {
        var random = SeededGenerator(seed: 24)
        for (heads, headWidth) in shapes {
            let width = heads * headWidth
            let sentence = random.matrix(rows: 12, columns: 3 * width, scale: 2)
            let output = matrixOf(Array(repeating: 5, count: 12 * width), columns: width)
            let attention = Attention(heads: heads, width: width, instructionSet: set)
            attention.selfAttend(sentence, range: 2..<11, into: output)
            let alone = Matrix(rows: 1, columns: width)
            for row in 2..<11 {
                attention.attend(
                    query: (sentence, row),
                    .init(sentence, keyColumn: width, valueColumn: 2 * width), rows: 2..<11,
                    into: (alone, 0))
                #expect(alone.row(0) == output.row(row))
            }
            for row in [0, 1, 11] { #expect(output.row(row).allSatisfy { $0 == 5 }) }
        }
    }

    @Test("does not depend on how many keys were attended to before", arguments: availableSets)
    func scratchDoesNotLeak(set: InstructionSet) {
        var random = SeededGenerator(seed: 25)
        let width = 8
        let keysValues = random.matrix(rows: 700, columns: 2 * width)
        let query = random.matrix(rows: 1, columns: width)
        let used = Attention(heads: 2, width: width, instructionSet: set)
        let output = Matrix(rows: 2, columns: width)
        let pair = Attention.KeysValues(keysValues, keyColumn: 0, valueColumn: width)
        for count in [700, 3, 257, 18, 1, 699] {
            let fresh = Attention(heads: 2, width: width, instructionSet: set)
            used.attend(query: (query, 0), pair, rows: 0..<count, into: (output, 0))
            fresh.attend(query: (query, 0), pair, rows: 0..<count, into: (output, 1))
            #expect(output.row(0) == output.row(1))
        }
    }

    @Test("gives what PyTorch 2.15's scaled_dot_product_attention gives", arguments: availableSets)
    func pinned(set: InstructionSet) {
        let expected = [
            0.442584038, 1.63008404, -1.03447187, 0.137758419, 1.19258404, -1.47197199,
            0.427445292, -0.246083483, -0.696089864, 0.0163567122, 0.842961431, 0.503916502,
        ]
        let keysValues = Matrix(rows: 5, columns: 24)
        for (index, (key, value)) in zip(pattern(60, factor: 29), pattern(60, factor: 19))
            .enumerated()
        {
            keysValues[index / 12, index % 12] = key
            keysValues[index / 12, index % 12 + 12] = value
        }
        let output = Matrix(rows: 1, columns: 12)
        Attention(heads: 2, width: 12, instructionSet: set).attend(
            query: (matrixOf(pattern(12, factor: 37), columns: 12), 0),
            .init(keysValues, keyColumn: 0, valueColumn: 12), rows: 0..<5,
            into: (output, 0))
        #expect(agree(output.row(0), expected, tolerance: 2e-6))
    }

    @Test("of scores beyond the range of exp picks the best key", arguments: availableSets)
    func extremeScores(set: InstructionSet) {
        let keysValues = matrixOf([1e4, 1, -1e4, 2, 1e4 - 100, 3], columns: 2)
        let output = Matrix(rows: 1, columns: 1)
        Attention(heads: 1, width: 1, instructionSet: set).attend(
            query: (matrixOf([100], columns: 1), 0),
            .init(keysValues, keyColumn: 0, valueColumn: 1), rows: 0..<3, into: (output, 0))
        #expect(output[0, 0] == 1)
    }
}
