import Checkpoint
import TensorTraining
import TestSupport
import Testing
import Training
import TranslationModel

@Suite("Sampled exits", .timeLimit(.minutes(10)))
struct SampledExitTests {
    /// Two tokens and the end of sentence: three positions.
    private static let pairs = [SentencePair(source: [3, 2, 0], target: [2, 4, 0])]

    /// Loss and gradient of the pair with some exits drawn, or with all.
    private func gradient(
        _ network: TrainableNetwork, _ objective: Objective, drawn: [[Int]]? = nil
    ) -> (loss: Double, gradient: [Float]) {
        var objective = objective
        objective.sampledExits = drawn?[0].count ?? 0
        objective.drawnExits = drawn
        let batch = BatchGradient(network, objective, threads: 1, pieces: 1)
        let result = batch.run(Self.pairs, seed: 1, step: 1)
        let values = batch.gradient.withValues(0..<network.layout.count) { Array($0) }
        return (result.objective, values)
    }

    private static let objectives: [Objective] = {
        var plain = Tiny.objective(.aligned(weights: .linear, gradientScaling: 1))
        plain.dropout = 0.1
        var taught = Tiny.objective(.aligned(weights: .uniform, gradientScaling: 2.5))
        taught.selfDistillation = 0.5
        return [plain, taught]
    }()

    @Test(
        "give loss and gradient of all exits on average over every choice",
        arguments: objectives, [false, true])
    func unbiased(objective: Objective, separate: Bool) throws {
        let network = try Tiny.network(.init(separateClassifiers: separate))
        let all = gradient(network, objective)
        var mean = [Double](repeating: 0, count: all.gradient.count)
        var loss = 0.0
        // One of the exits 1 and 2 at each of three positions: 8 choices.
        for choice in 0..<8 {
            let drawn = (0..<3).map { [1 + choice >> $0 & 1] }
            let one = gradient(network, objective, drawn: drawn)
            #expect(abs(one.loss - all.loss) > 1e-6)
            loss += one.loss / 8
            for index in mean.indices { mean[index] += Double(one.gradient[index]) / 8 }
        }
        #expect(abs(loss - all.loss) < 1e-6)
        // Sums of some dozen terms below 1, in another order.
        for index in mean.indices {
            #expect(abs(mean[index] - Double(all.gradient[index])) < 2e-6)
        }
    }

    @Test("of all exits below the last are all exits", arguments: objectives)
    func everyExit(objective: Objective) throws {
        let network = try Tiny.network()
        let all = gradient(network, objective)
        var every = objective
        every.sampledExits = 2
        let batch = BatchGradient(network, every, threads: 1, pieces: 1)
        let result = batch.run(Self.pairs, seed: 1, step: 1)
        #expect(result.objective == all.loss)
        #expect(batch.gradient.withValues(0..<all.gradient.count) { Array($0) } == all.gradient)
    }

    @Test("are the last one at every position and each other one as often as the rest")
    func frequencies() throws {
        var options = Tiny.options(steps: 60)
        options.objective.sampledExits = 1
        options.learningRate.peak = 0
        let trainer = try Trainer(Tiny.network(), options, corpus: Tiny.copies(40))
        var counts = [0, 0, 0]
        var first: [Int] = []
        for _ in 0..<60 {
            let result = try trainer.step().result
            for index in 0..<3 { counts[index] += result.exits[index].count }
            #expect(result.exits[2].count == result.targetTokens)
            #expect(result.exits[0].count + result.exits[1].count == result.targetTokens)
            first.append(result.exits[0].count)
        }
        // Of n fair draws: 4 standard deviations are 2 √n.
        let tokens = Double(counts[2])
        #expect(abs(Double(counts[0]) - tokens / 2) < 2 * tokens.squareRoot())
        #expect(Set(first).count > 5)
        let validation = trainer.evaluate(Tiny.copies(6, seed: 9))
        #expect(validation.exits.allSatisfy { $0.count == validation.targetTokens })
    }

    @Test("are drawn anew by a resumed run as by one that was not interrupted", arguments: [4, 7])
    func resumed(step: Int) throws {
        func fixture() throws -> RunFixture {
            let fixture = try RunFixture()
            fixture.training.objective.sampledExits = 1
            fixture.training.objective.selfDistillation = 0.5
            return fixture
        }
        let (whole, parts) = (try fixture(), try fixture())
        try whole.run()
        try parts.run(last: step)
        try parts.run(resuming: true)
        #expect(try parts.state() == whole.state())
        #expect(try parts.log() == whole.log())
    }

    @Test(
        "are refused where there are not so many, training is not aligned, or heads learn",
        arguments: [
            (3, .aligned(weights: .uniform, gradientScaling: 1), [], 3),
            (-1, .aligned(weights: .uniform, gradientScaling: 1), [], 3),
            (1, .mixed(samples: 1), [], nil), (1, .baseline, [], nil),
            (
                1, .aligned(weights: .uniform, gradientScaling: 1),
                [.init(head: .sequence, oracle: .likelihood)], nil
            ),
        ] as [(Int, Objective.DecoderTraining, [Objective.Head], Int?)])
    func refusals(
        count: Int, decoder: Objective.DecoderTraining, heads: [Objective.Head], layers: Int?
    ) throws {
        var options = Tiny.options(steps: 1)
        options.objective.decoder = decoder
        options.objective.heads = heads
        options.objective.sampledExits = count
        let network = try Tiny.network(.init(heads: Set(heads.map(\.head))))
        let error = #expect(throws: TrainingError.exitsNotSampled(count, layers: layers)) {
            try Trainer(network, options, corpus: Tiny.copies(4))
        }
        let text = error?.description ?? ""
        #expect(text.contains(layers == nil ? "right would be 0" : "right would be at most 2"))
    }
}
