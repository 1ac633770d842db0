import Checkpoint
import Tensor
import TensorTraining
import Testing
import Training
import TranslationModel

private let objectives: [Objective] = {
    var heads = Tiny.objective()
    heads.dropout = 0.1
    heads.heads = ExitHead.allCases.map { .init(head: $0, oracle: .correctness) }
    heads.headsReachNetwork = true
    var mixed = Tiny.objective(.mixed(samples: 2))
    mixed.dropout = 0.1
    var sampled = Tiny.objective()
    sampled.dropout = 0.1
    sampled.selfDistillation = 0.5
    sampled.sampledExits = 1
    return [heads, mixed, sampled]
}()

@Suite("A trainer")
struct TrainerTests {
    /// Losses of some steps and the parameters behind them.
    private func train(
        _ objective: Objective, threads: Int, steps: Int
    ) throws -> (reports: [Trainer.StepReport], bits: [UInt32], validation: PassResult) {
        var options = Tiny.options(steps: steps)
        options.objective = objective
        options.threads = threads
        let network = try Tiny.network(.init(heads: Set(objective.heads.map(\.head))))
        let trainer = try Trainer(network, options, corpus: Tiny.copies(40))
        let reports = try (0..<steps).map { _ in try trainer.step() }
        return (reports, network.bits, trainer.evaluate(Tiny.copies(40, seed: 9)))
    }

    @Test("gives the same bits with any number of threads", arguments: objectives)
    func threads(objective: Objective) throws {
        let one = try train(objective, threads: 1, steps: 3)
        for threads in [2, 3, 8] {
            let more = try train(objective, threads: threads, steps: 3)
            #expect(more.bits == one.bits)
            #expect(more.reports.map(\.result) == one.reports.map(\.result))
            #expect(more.reports.map(\.gradientNorm) == one.reports.map(\.gradientNorm))
            #expect(more.validation == one.validation)
        }
    }

    @Test("has the gradient of the whole batch however many pieces that is cut into")
    func pieces() throws {
        let objective = Tiny.objective()
        let network = try Tiny.network()
        let whole = BatchGradient(network, objective, threads: 1, pieces: 1)
        let result = whole.run(Tiny.copies(9), seed: 1, step: 1)
        for pieces in [2, 5, 9, 20] {
            let parts = BatchGradient(network, objective, threads: 2, pieces: pieces)
            let other = parts.run(Tiny.copies(9), seed: 1, step: 1)
            #expect(abs(other.objective - result.objective) < 1e-9)
            #expect(other.targetTokens == result.targetTokens)
            for index in 0..<network.layout.count {
                // Sums of some dozen terms below 1, in another order.
                #expect(abs(parts.gradient[index] - whole.gradient[index]) < 2e-6)
            }
        }
    }

    @Test("learns to copy", arguments: objectives)
    func learns(objective: Objective) throws {
        let run = try train(objective, threads: 1, steps: 60)
        let (first, last) = (run.reports[0].result, run.reports[59].result)
        #expect(first.objective > 3)
        #expect(last.objective < 0.7 * first.objective)
        #expect(run.validation.objective < 0.8 * first.objective)
        #expect(run.reports.map(\.step) == Array(1...60))
        #expect(run.reports[0].rate == 1e-3)
    }

    @Test("counts epochs, and plans each anew")
    func epochs() throws {
        let trainer = try Trainer(
            Tiny.network(), Tiny.options(steps: 100), corpus: Tiny.copies(40))
        var tokens = [Int](repeating: 0, count: 3)
        while trainer.position.epoch < 3 {
            let report = try trainer.step()
            guard trainer.position.epoch < 3 else { break }
            tokens[trainer.position.epoch] += report.result.targetTokens
            #expect(report.epoch > Double(trainer.position.epoch))
            #expect(report.epoch <= Double(trainer.position.epoch + 1))
        }
        let whole = Tiny.copies(40).reduce(0) { $0 + $1.target.count }
        #expect(tokens == [whole, whole, whole])
    }

    @Test("that diverges says so, and is left as it was", arguments: [1, 8])
    func divergence(step: Int) throws {
        var options = Tiny.options(steps: 100)
        // The whole corpus is one batch, so that every step but the first begins an epoch.
        options.batchTokens = 1000
        let network = try Tiny.network()
        let trainer = try Trainer(network, options, corpus: Tiny.copies(40))
        for _ in 1..<step { _ = try trainer.step() }
        network.parameters[network.layout.entries[2].range.lowerBound] = .infinity
        network.repack()
        let (bits, position) = (network.bits, trainer.position)
        let error = #expect(throws: TrainingError.self) { try trainer.step() }
        guard case .diverged(step, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("step \(step): the loss is "))
        #expect(network.bits == bits)
        #expect(trainer.position == position)
    }

    @Test("that only fits heads changes nothing else, also with weight decay")
    func frozen() throws {
        var options = Tiny.options(steps: 5)
        options.objective = Tiny.objective(.frozen)
        options.objective.heads = [.init(head: .tokenMultinomial, oracle: .likelihood)]
        options.adam.weightDecay = 0.5
        let network = try Tiny.network(
            .init(separateClassifiers: true, heads: Set(ExitHead.allCases)))
        for entry in network.layout.entries where entry.isExit {
            network.parameters.set(
                entry.range.map { _ in 0.25 }, at: entry.range.lowerBound)
        }
        let trainer = try Trainer(network, options, corpus: Tiny.copies(40))
        let before = network.values
        for _ in 0..<5 { _ = try trainer.step() }
        for entry in network.layout.entries {
            let isSame = network.values[entry.range] == before[entry.range]
            #expect(isSame != entry.name.hasPrefix("exits.token_multinomial."), "\(entry.name)")
        }
    }

    @Test("leaves heads alone before their first step")
    func headsFromStep() throws {
        var options = Tiny.options(steps: 5)
        options.objective.heads = [.init(head: .sequence, oracle: .likelihood)]
        options.headsFromStep = 3
        let network = try Tiny.network(.init(heads: [.sequence]))
        let trainer = try Trainer(network, options, corpus: Tiny.copies(40))
        let head = try #require(network.range("exits.sequence.weight"))
        for step in 1...3 {
            let report = try trainer.step()
            #expect((report.result.heads[0] == 0) == (step < 3))
            #expect(network.values[head].allSatisfy { $0 == 0 } == (step < 3))
        }
    }

    @Test("refuses a corpus without sentences, and batches that cannot hold the longest one")
    func refusals() throws {
        let network = try Tiny.network()
        #expect(throws: TrainingError.emptyCorpus) {
            try Trainer(network, Trainer.Options(), corpus: [])
        }
        var options = Trainer.Options()
        options.batchTokens = 3
        let pair = SentencePair(source: [1, 0], target: [1, 2, 3, 0])
        #expect(throws: TrainingError.batchTooSmall(tokens: 3, longest: 4)) {
            try Trainer(network, options, corpus: [pair])
        }
    }
}
