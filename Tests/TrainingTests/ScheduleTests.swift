import Testing
import Training

@Suite("The batches of an epoch")
struct BatchPlanTests {
    private let lengths = (0..<200).map { 1 + $0 * 37 % 29 }

    private func plan(seed: UInt64 = 1, epoch: Int = 0, limit: Int = 60) -> [[Int]] {
        BatchPlan(targetLengths: lengths, limit: limit, seed: seed, epoch: epoch).batches
    }

    @Test("hold every sentence once", arguments: [0, 1, 7])
    func complete(epoch: Int) {
        #expect(plan(epoch: epoch).flatMap(\.self).sorted() == Array(lengths.indices))
    }

    @Test("stay within the limit, and are cut only where the next sentence would not fit")
    func limits() {
        let batches = plan()
        for (batch, next) in zip(batches, batches.dropFirst() + [[]]) {
            let tokens = batch.reduce(0) { $0 + lengths[$1] }
            #expect(tokens <= 60)
            #expect(next.isEmpty || tokens + lengths[next[0]] > 60)
        }
    }

    @Test("give a sentence above the limit a batch of its own")
    func longSentence() {
        let batches = plan(limit: 5)
        #expect(batches.flatMap(\.self).sorted() == Array(lengths.indices))
        #expect(batches.allSatisfy { $0.count == 1 || $0.reduce(0) { $0 + lengths[$1] } <= 5 })
    }

    @Test("follow from seed and epoch")
    func order() {
        #expect(plan() == plan())
        #expect(plan() != plan(epoch: 1))
        #expect(plan() != plan(seed: 2))
        #expect(BatchPlan(targetLengths: [], limit: 5, seed: 1, epoch: 0).batches.isEmpty)
    }
}

@Suite("The learning rate")
struct LearningRateTests {
    private func rates(
        _ decay: LearningRate.Decay, warmUp: Int = 10, _ steps: [Int]
    ) -> [Double] {
        let rate = LearningRate(peak: 2, warmUp: warmUp, decay: decay)
        return steps.map { rate.rate($0, last: 110) }
    }

    @Test("rises along a line to the peak", arguments: LearningRate.Decay.allCases)
    func warmUp(decay: LearningRate.Decay) {
        #expect(rates(decay, [1, 5, 10]) == [0.2, 1, 2])
    }

    @Test("then stays, or falls as it is told to")
    func decays() {
        #expect(rates(.constant, [11, 60, 110, 500]) == [2, 2, 2, 2])
        #expect(rates(.inverseSquareRoot, [40, 90]) == [1, 2.0 / 3])
        #expect(rates(.linear, [60, 110, 111]) == [1, 0, 0])
        let cosine = rates(.cosine, [35, 60, 85, 110, 111])
        let half = 0.5.squareRoot()
        for (rate, expected) in zip(cosine, [1 + half, 1, 1 - half, 0, 0]) {
            #expect(abs(rate - expected) < 1e-15)
        }
    }

    @Test("needs no warm-up", arguments: LearningRate.Decay.allCases)
    func noWarmUp(decay: LearningRate.Decay) {
        #expect(abs(rates(decay, warmUp: 0, [1])[0] - 2) < 0.02)
        #expect(rates(decay, warmUp: 0, [50])[0] <= 2)
    }
}

@Suite("Weights of exits")
struct ExitWeightsTests {
    @Test(
        "are what they are called, divided by their sum",
        arguments: [
            (.uniform, [1, 1, 1, 1]), (.linear, [1, 2, 3, 4]),
            (.squareRoot, [1, 2.0.squareRoot(), 3.0.squareRoot(), 2]),
            (.inverse, [1, 1.0 / 2, 1.0 / 3, 1.0 / 4]),
            (.inverseSquareRoot, [1, 0.5.squareRoot(), (1.0 / 3).squareRoot(), 0.5]),
        ] as [(Objective.ExitWeights, [Double])])
    func values(weights: Objective.ExitWeights, raw: [Double]) {
        for (value, expected) in zip(weights.values(4), raw) {
            #expect(abs(value - expected / raw.reduce(0, +)) < 1e-15)
        }
        #expect(weights.values(1) == [1])
    }
}
