import Foundation
import Tensor
import TensorTraining
import TestSupport
import Testing

/// A row of logits of which some are −∞, a target among the others, and a teacher.
private struct Case {
    let logits: [Float]
    let target: Int
    let teacher: [Float]
    let banned: Set<Int>

    init(count: Int, _ random: inout SeededGenerator) {
        var logits = random.floats(count, scale: 6)
        banned = count < 4 ? [] : [0, count - 1]
        for id in banned { logits[id] = -.infinity }
        target = count < 4 ? 0 : 1 + random.below(count - 2)
        self.logits = logits
        let weights = logits.map { $0 == -.infinity ? 0 : random.unit() + 1.1 }
        teacher = weights.map { $0 / weights.reduce(0, +) }
    }

    var allowed: Int { logits.count - banned.count }

    func log(softmax logits: [Double]) -> [Double] {
        let greatest = logits.max() ?? 0
        let sum = logits.reduce(0) { $0 + exp($1 - greatest) }
        return logits.map { $0 - greatest - Foundation.log(sum) }
    }

    /// −Σ target distribution · log softmax, in double precision.
    func loss(_ logits: [Double], smoothing: Double, teacherWeight: Double) -> Double {
        let logs = log(softmax: logits)
        return -logs.indices.reduce(0) { sum, id in
            guard !banned.contains(id) else { return sum }
            let own = (id == target ? 1 - smoothing : 0) + smoothing / Double(allowed)
            return sum + ((1 - teacherWeight) * own + teacherWeight * Double(teacher[id]))
                * logs[id]
        }
    }

    struct Result {
        let loss: CrossEntropy.Loss
        let gradient: [Float]
        let probabilities: [Float]
    }

    func run(
        _ set: InstructionSet = .best, smoothing: Float, teacherWeight: Float
    ) -> Result {
        let matrix = Matrix(rows: 2, columns: logits.count)
        for (id, logit) in logits.enumerated() { matrix[1, id] = logit }
        let probabilities = Matrix(rows: 1, columns: logits.count)
        let loss = CrossEntropy(
            smoothing: smoothing, teacherWeight: teacherWeight, allowed: allowed,
            instructionSet: set
        ).apply(
            (matrix, 1), target: target, scale: 0.5,
            teacher: teacherWeight > 0 ? (matrixOf(teacher, columns: logits.count), 0) : nil,
            probabilities: (probabilities, 0))
        return Result(loss: loss, gradient: matrix.row(1), probabilities: probabilities.row(0))
    }
}

private let variants: [(smoothing: Float, teacher: Float)] = [(0, 0), (0.1, 0), (0.1, 0.3), (0, 1)]

@Suite("Cross-entropy")
struct CrossEntropyTests {
    @Test("has the same bits with every instruction set", arguments: variants)
    func instructionSetsAgree(smoothing: Float, teacher: Float) {
        var random = SeededGenerator(seed: 91)
        for count in [1, 2, 15, 16, 17, 33, 100, 1000] {
            let drawn = Case(count: count, &random)
            let results = availableSets.map { set in
                let result = drawn.run(set, smoothing: smoothing, teacherWeight: teacher)
                return [result.loss.loss, result.loss.logProbability, Float(result.loss.best)]
                    .map(\.bitPattern) + (result.gradient + result.probabilities).map(\.bitPattern)
            }
            #expect(results.allSatisfy { $0 == results[0] }, "\(count)")
        }
    }

    @Test("and its gradient agree with finite differences in double", arguments: variants)
    func finiteDifferences(smoothing: Float, teacher: Float) {
        var random = SeededGenerator(seed: 92)
        for count in [1, 2, 15, 33, 100] {
            let drawn = Case(count: count, &random)
            let result = drawn.run(smoothing: smoothing, teacherWeight: teacher)
            let logits = drawn.logits.map(Double.init)
            func loss(_ logits: [Double]) -> Double {
                drawn.loss(logits, smoothing: Double(smoothing), teacherWeight: Double(teacher))
            }
            #expect(agree([result.loss.loss], [loss(logits)], tolerance: 2e-6))
            let logs = drawn.log(softmax: logits)
            #expect(agree([result.loss.logProbability], [logs[drawn.target]], tolerance: 1e-6))
            #expect(agree(result.probabilities, logs.map { exp($0) }, tolerance: 1e-6))
            #expect(result.loss.best == logits.indices.max { logits[$0] < logits[$1] })
            let h = 1e-5
            for id in logits.indices where !drawn.banned.contains(id) {
                var (up, down) = (logits, logits)
                up[id] += h
                down[id] -= h
                // h²/6 of the third derivative, at most 1/6, and 1e-15 of a loss of 10 over h.
                let slope = (loss(up) - loss(down)) / (2 * h)
                #expect(abs(Double(result.gradient[id]) - slope / 2) < 1e-6)
            }
        }
    }

    @Test("of an id that is not allowed has no gradient and no probability", arguments: variants)
    func banned(smoothing: Float, teacher: Float) {
        var random = SeededGenerator(seed: 93)
        let drawn = Case(count: 33, &random)
        let result = drawn.run(smoothing: smoothing, teacherWeight: teacher)
        for id in drawn.banned {
            #expect(result.gradient[id] == 0 && result.probabilities[id] == 0)
        }
        #expect(abs(result.gradient.reduce(0, +)) < 1e-6)
    }

    @Test("names the lowest among equal greatest logits")
    func ties() {
        let logits = matrixOf([1, 4, 2, 4], columns: 4)
        let loss = CrossEntropy(smoothing: 0, teacherWeight: 0, allowed: 4)
            .apply((logits, 0), target: 3, scale: 1)
        #expect(loss.best == 1)
    }
}
