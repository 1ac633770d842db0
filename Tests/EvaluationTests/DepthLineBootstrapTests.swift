import Evaluation
import Testing

/// A score that can be worked out by hand: the mean of the sentences' values.
private struct Mean: CorpusMetric {
    struct Statistics: SegmentStatistics {
        var value = 0.0
        var count = 0.0

        static func += (sum: inout Statistics, other: Statistics) {
            sum.value += other.value
            sum.count += other.count
        }
    }

    let signature = "mean"

    func statistics(hypothesis: String, reference: String) -> Statistics {
        Statistics(value: Double(hypothesis.count), count: 1)
    }

    func score(_ statistics: Statistics) -> Double {
        statistics.count == 0 ? 0 : statistics.value / statistics.count
    }
}

private typealias Bootstrap = DepthLineBootstrap<Mean>

private func values(_ values: Double...) -> [Mean.Statistics] {
    values.map { Mean.Statistics(value: $0, count: 1) }
}

/// Depths 1, 2, … with these values, one token a sentence and 100 operations a layer, 50 beside them.
private func depths(_ values: [[Mean.Statistics]]) -> [Bootstrap.Run] {
    values.enumerated().map { index, values in
        Bootstrap.Run(
            statistics: values, layersRun: values.map { _ in index + 1 },
            tokens: values.map { _ in 1 }, operations: values.map { _ in 100 * index + 150 })
    }
}

/// The given sentences, one after another.
private struct Drawn: RandomNumberGenerator {
    let sentences: [UInt64]
    let count: UInt64
    var position = 0

    mutating func next() -> UInt64 {
        defer { position += 1 }
        return sentences[position] * (UInt64.max / count) + UInt64.max / count / 2
    }
}

@Suite struct DepthLineBootstrapTests {
    @Test("The line is read between two depths at the policy's average exit")
    func interpolation() throws {
        var inOrder = InOrder(count: 2)
        let bootstrap = try Bootstrap(
            Mean(), depths: depths([values(10, 10), values(20, 20), values(24, 24)]), resamples: 1,
            using: &inOrder)
        // 5 layers for 2 tokens and 10 for 4: 2.5 on average, where the line is at 22.
        let result = try bootstrap.compare(
            .init(
                statistics: values(23, 26), layersRun: [5, 10], tokens: [2, 4],
                operations: [0, 0])
        ).exits
        #expect(result.difference == 2.5)
        #expect(result.interval == 2.5...2.5)
        #expect(result.shareAbove == 1)
        #expect(result.isSignificant)
    }

    @Test("Every resample has its own average exit")
    func resampledExits() throws {
        var drawn = Drawn(sentences: [0, 0, 1, 1], count: 2)
        let bootstrap = try Bootstrap(
            Mean(), depths: depths([values(0, 0), values(10, 20)]), resamples: 2, using: &drawn)
        // Sentence 0 alone: exit 1, 4 − 0. Sentence 1 alone: exit 2, 16 − 20. Both: 4 layers for 3
        // tokens, a third of the way from 0 to 15, 10 − 5.
        let result = try bootstrap.compare(
            .init(
                statistics: values(4, 16), layersRun: [2, 2], tokens: [2, 1], operations: [0, 0])
        ).exits
        #expect((result.difference - 5).magnitude < 1e-12)
        #expect(result.interval == -4...4)
        #expect(result.shareAbove == 0.5)
        #expect(!result.isSignificant)
    }

    @Test("By operations the line goes through what each depth costs, and ends at full depth's")
    func operations() throws {
        var inOrder = InOrder(count: 2)
        let bootstrap = try Bootstrap(
            Mean(), depths: depths([values(10, 10), values(20, 20), values(24, 24)]), resamples: 1,
            using: &inOrder)
        // Between 150 and 250, between 250 and 350, beyond both ends.
        for (operations, line) in [(200, 15.0), (325, 23), (100, 10), (900, 24)] {
            let result = try bootstrap.compare(
                .init(
                    statistics: values(23, 26), layersRun: [1, 1], tokens: [1, 1],
                    operations: [operations - 50, operations + 50])
            ).operations
            #expect(result.difference == 24.5 - line)
            #expect(result.isSignificant == (line < 24.5))
        }
    }

    @Test("A fixed depth is on both lines in every resample")
    func depthsAreTheLine() throws {
        let values = [values(1, 5, 3), values(2, 9, 4), values(7, 8, 9)]
        let depths = values.enumerated().map { index, values in
            let depth = index + 1
            return Bootstrap.Run(
                statistics: values, layersRun: [2 * depth, depth, 0], tokens: [2, 1, 0],
                operations: [9 + 20 * depth, 7 * depth, 3])
        }
        let bootstrap = try Bootstrap(Mean(), depths: depths)
        for (index, depth) in depths.enumerated() {
            let result = try bootstrap.compare(depth)
            for line in [result.exits, result.operations] {
                #expect(line.difference == 0)
                // A resample of the sentence without tokens alone is read at depth 1.
                #expect(index > 0 || line.interval == 0...0)
            }
        }
    }

    @Test("The interval leaves out a fortieth of the resamples at either end")
    func interval() throws {
        // Resample k draws sentence k alone: differences 0 … 79.
        var drawn = Drawn(
            sentences: (0..<80).flatMap { Array(repeating: $0, count: 80) }, count: 80)
        let zeros = Array(repeating: Mean.Statistics(value: 0, count: 1), count: 80)
        let ramp = (0..<80).map { Mean.Statistics(value: Double($0), count: 1) }
        let ones = Array(repeating: 1, count: 80)
        let result = try Bootstrap(
            Mean(), depths: depths([zeros]), resamples: 80, using: &drawn
        ).compare(
            .init(statistics: ramp, layersRun: ones, tokens: ones, operations: ones)
        ).exits
        #expect(result.interval == 2...77)
        #expect(result.isSignificant)
        #expect(result.shareAbove == 79.0 / 80)
    }

    @Test("The seed draws the resamples of a paired bootstrap, so one depth gives its win rate")
    func sameResamples() throws {
        let (low, high) = (values(3, 1, 4, 1, 5, 9, 2, 6), values(5, 3, 5, 8, 9, 7, 9, 3))
        let ones = Array(repeating: 1, count: 8)
        for seed: UInt64 in 1...5 {
            let options = PairedBootstrap.Options(resamples: 200, seed: seed)
            let pair = try PairedBootstrap(Mean(), baseline: low, system: high, options: options)
            let line = try Bootstrap(Mean(), depths: depths([low]), options: options).compare(
                .init(statistics: high, layersRun: ones, tokens: ones, operations: ones)
            ).exits
            #expect(line.shareAbove == pair.winRate)
            #expect(line.difference == pair.system.score - pair.baseline.score)
        }
    }

    @Test("What does not fit is refused: depths, sentences, resamples and layers")
    func refusals() throws {
        #expect(throws: EvaluationError.noDepths) { try Bootstrap(Mean(), depths: []) }
        #expect(throws: EvaluationError.emptyCorpus) { try Bootstrap(Mean(), depths: depths([[]])) }
        #expect(throws: EvaluationError.countMismatch(hypotheses: 1, references: 2)) {
            try Bootstrap(Mean(), depths: depths([values(1, 2), values(1)]))
        }
        #expect(throws: EvaluationError.noResamples(0)) {
            try Bootstrap(Mean(), depths: depths([values(1)]), options: .init(resamples: 0))
        }
        let bootstrap = try Bootstrap(Mean(), depths: depths([values(1), values(2)]))
        for (tokens, operations) in [([1, 1], [1]), ([1], [1, 1])] {
            #expect(throws: EvaluationError.countMismatch(hypotheses: 2, references: 1)) {
                try bootstrap.compare(
                    .init(
                        statistics: values(1), layersRun: [1], tokens: tokens,
                        operations: operations))
            }
        }
        for (layers, tokens) in [(1, 2), (5, 2), (0, 1), (1, -1), (1, .max)] {
            #expect(throws: EvaluationError.self) {
                try bootstrap.compare(
                    .init(
                        statistics: values(1), layersRun: [layers], tokens: [tokens],
                        operations: [1]))
            }
        }
        #expect(
            "\(EvaluationError.layersOutOfRange(sentence: 3, layersRun: 9, expected: 2...4))"
                == "sentence 3: found exit layers that add up to 9; expected 2 to 4")
    }
}
