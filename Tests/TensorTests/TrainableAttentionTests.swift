import Foundation
import Tensor
import TensorTraining
import TestSupport
import Testing

/// Queries, each over keys of its own, in matrices with other columns around.
private struct Case {
    static let column = 1
    let heads: Int
    let width: Int
    let ranges: [Range<Int>]
    let query: Matrix
    let keysValues: Matrix
    let dout: Matrix

    init(
        _ ranges: [Range<Int>], heads: Int, headWidth: Int, _ random: inout SeededGenerator
    ) {
        self.heads = heads
        self.ranges = ranges
        width = heads * headWidth
        let rows = ranges.reduce(0) { max($0, $1.upperBound) }
        query = random.matrix(rows: ranges.count, columns: width + 2, scale: 2)
        keysValues = random.matrix(rows: rows, columns: Self.column + 2 * width, scale: 2)
        dout = random.matrix(rows: ranges.count, columns: width)
    }

    var spans: TrainableAttention.Spans {
        var spans = TrainableAttention.Spans(heads: heads)
        for range in ranges { spans.append(range) }
        return spans
    }

    /// What comes out, the weights, and the gradients; those of keys and values start from 1.
    struct Result {
        let out: Matrix
        let weights: Matrix
        let query: Matrix
        let keysValues: Matrix
    }

    func run(_ set: InstructionSet, used: TrainableAttention? = nil) -> Result {
        let attention =
            used ?? TrainableAttention(heads: heads, width: width, instructionSet: set)
        let result = Result(
            out: Matrix(rows: ranges.count, columns: width),
            weights: Matrix(rows: spans.weightCount / 16, columns: 16),
            query: Matrix(rows: ranges.count, columns: width + 2),
            keysValues: matrixOf(
                Array(repeating: 1, count: keysValues.rows * keysValues.columns),
                columns: keysValues.columns))
        let inputs = TrainableAttention.Inputs(
            query: query, keysValues: keysValues, keyColumn: Self.column)
        attention.apply(inputs, spans, weights: result.weights, into: result.out)
        attention.gradient(
            inputs, spans, weights: result.weights, dout: dout,
            into: .init(
                query: result.query, keysValues: result.keysValues, keyColumn: Self.column))
        return result
    }

    func weight(_ result: Result, query: Int, key: Int, head: Int) -> Float {
        let index = spans.offset(query, head: head) + key
        return result.weights[index / 16, index % 16]
    }
}

/// The same in double precision: outputs and gradients by the formulas.
private struct Expected {
    var out: [[Double]]
    var query: [[Double]]
    var keysValues: [[Double]]

    init(_ drawn: Case) {
        let zeros = [Double](repeating: 0, count: drawn.width)
        out = drawn.ranges.map { _ in zeros }
        query = out
        keysValues = (0..<drawn.keysValues.rows).map { _ in
            Array(repeating: 1, count: drawn.keysValues.columns)
        }
        for row in drawn.ranges.indices {
            for head in 0..<drawn.heads { add(drawn, row, head) }
        }
    }

    private mutating func add(_ drawn: Case, _ row: Int, _ head: Int) {
        let (size, range) = (drawn.width / drawn.heads, drawn.ranges[row])
        let columns = head * size..<(head + 1) * size
        let scale = 1 / Double(size).squareRoot()
        func key(_ t: Int, _ j: Int) -> Double { Double(drawn.keysValues[t, Case.column + j]) }
        func value(_ t: Int, _ j: Int) -> Double { key(t, drawn.width + j) }
        let scores = range.map { t in
            columns.reduce(0) { $0 + Double(drawn.query[row, $1]) * key(t, $1) } * scale
        }
        let powers = scores.map { exp($0 - (scores.max() ?? 0)) }
        let weights = powers.map { $0 / powers.reduce(0, +) }
        let slopes = range.map { t in
            columns.reduce(0) { $0 + Double(drawn.dout[row, $1]) * value(t, $1) }
        }
        let mean = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
        for (index, t) in range.enumerated() {
            let slope = (slopes[index] - mean) * weights[index] * scale
            for j in columns {
                out[row][j] += weights[index] * value(t, j)
                query[row][j] += slope * key(t, j)
                keysValues[t][Case.column + j] += slope * Double(drawn.query[row, j])
                keysValues[t][Case.column + drawn.width + j] +=
                    weights[index] * Double(drawn.dout[row, j])
            }
        }
    }
}

private let shapes = [(1, 1), (2, 4), (4, 32), (3, 5), (2, 16), (1, 17), (2, 33)]

/// Queries over 1, 15, 16, 17, 33 … keys, overlapping and apart.
private let ranges = [0..<1, 0..<2, 2..<17, 2..<18, 1..<18, 0..<33, 32..<33, 3..<70]

@Suite("Attention in training")
struct TrainableAttentionTests {
    @Test("gives the same bits with every instruction set, for ranges of different lengths")
    func instructionSetsAgree() {
        var random = SeededGenerator(seed: 71)
        for (heads, headWidth) in shapes {
            let drawn = Case(ranges, heads: heads, headWidth: headWidth, &random)
            let results = availableSets.map { set in
                let result = drawn.run(set)
                return [result.out, result.weights, result.query, result.keysValues].map {
                    bits($0)
                }
            }
            #expect(results.allSatisfy { $0 == results[0] }, "\(heads)x\(headWidth)")
        }
    }

    @Test("agrees with double precision, there and back", arguments: availableSets)
    func formulas(set: InstructionSet) {
        var random = SeededGenerator(seed: 72)
        for (heads, headWidth) in shapes {
            let drawn = Case(ranges, heads: heads, headWidth: headWidth, &random)
            let (got, expected) = (drawn.run(set), Expected(drawn))
            // Scores up to 4·√33 = 23 keep an error of about 23·2⁻²³ through exp; sums of some dozen
            // products below 4 multiply it.
            for row in ranges.indices {
                #expect(agree(got.out.row(row), expected.out[row], tolerance: 2e-5))
                #expect(
                    agree(
                        Array(got.query.row(row).prefix(drawn.width)), expected.query[row],
                        tolerance: 5e-5))
                // Columns behind the queries are others'.
                #expect(got.query.row(row).suffix(2) == [0, 0])
            }
            for row in 0..<drawn.keysValues.rows {
                #expect(
                    agree(got.keysValues.row(row), expected.keysValues[row], tolerance: 5e-5))
            }
        }
    }

    @Test("keeps weights that sum to 1, with zeros behind", arguments: availableSets)
    func weights(set: InstructionSet) {
        var random = SeededGenerator(seed: 73)
        let drawn = Case(ranges, heads: 3, headWidth: 5, &random)
        let result = drawn.run(set)
        for (row, range) in ranges.enumerated() {
            #expect(drawn.spans.keys(row) == range)
            for head in 0..<3 {
                let padded = (range.count + 15) / 16 * 16
                let all = (0..<padded).map {
                    drawn.weight(result, query: row, key: $0, head: head)
                }
                #expect(abs(all.reduce(0, +) - 1) < 1e-6)
                #expect(all.dropFirst(range.count).allSatisfy { $0 == 0 })
            }
        }
    }

    @Test("of an object that was used before is that of a new one", arguments: availableSets)
    func reuse(set: InstructionSet) {
        var random = SeededGenerator(seed: 74)
        let used = TrainableAttention(heads: 2, width: 8, instructionSet: set)
        // 700 keys are more than the first scratch memory holds.
        for ranges in [[0..<3], [0..<700, 5..<6], [1..<18]] {
            let drawn = Case(ranges, heads: 2, headWidth: 4, &random)
            let (got, expected) = (drawn.run(set, used: used), drawn.run(set))
            #expect(bits(got.query) == bits(expected.query))
            #expect(bits(got.keysValues) == bits(expected.keysValues))
        }
    }

    @Test("of no queries changes nothing")
    func noQueries() {
        var random = SeededGenerator(seed: 75)
        let drawn = Case([0..<2], heads: 1, headWidth: 2, &random)
        let (spans, empty) = (TrainableAttention.Spans(heads: 1), Matrix(rows: 0, columns: 2))
        let attention = TrainableAttention(heads: 1, width: 2)
        let inputs = TrainableAttention.Inputs(
            query: empty, keysValues: drawn.keysValues, keyColumn: 1)
        let before = bits(drawn.keysValues)
        attention.apply(inputs, spans, weights: Matrix(rows: 0, columns: 16), into: empty)
        attention.gradient(
            inputs, spans, weights: Matrix(rows: 0, columns: 16), dout: empty, into: inputs)
        #expect(bits(drawn.keysValues) == before && spans.count == 0)
    }
}
