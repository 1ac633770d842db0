import Evaluation
import Testing

/// A corpus in which the system repairs every third sentence of the baseline.
private struct Systems {
    let baseline: [BLEU.Statistics]
    let system: [BLEU.Statistics]

    init(sentences: Int = 60) throws {
        let references = (0..<sentences).map { "the number \($0) stands on page \($0 % 7) of it ." }
        let worse = references.enumerated().map { index, text in
            index % 2 == 0 ? text : text.replacing("stands on", with: "is at")
        }
        let better = worse.enumerated().map { index, text in
            index % 3 == 0 ? references[index] : text
        }
        baseline = try BLEU().segments(hypotheses: worse, references: references)
        system = try BLEU().segments(hypotheses: better, references: references)
    }
}

@Suite struct PairedBootstrapTests {
    @Test("A clear improvement is significant and wins on nearly every resample")
    func improvement() throws {
        let systems = try Systems()
        let result = try PairedBootstrap(
            BLEU(), baseline: systems.baseline, system: systems.system)
        #expect(result.system.score > result.baseline.score)
        #expect(result.pValue < 0.05)
        #expect(result.winRate > 0.99)
        #expect((result.system.mean - result.system.score).magnitude < 1)
        #expect(result.system.confidenceInterval > 0)
    }

    @Test("The same seed gives the same result and another seed another one")
    func seeds() throws {
        let systems = try Systems()
        func result(_ seed: UInt64) throws -> PairedBootstrap {
            try PairedBootstrap(
                BLEU(), baseline: systems.baseline, system: systems.system,
                options: .init(resamples: 50, seed: seed))
        }
        #expect(try result(1) == result(1))
        #expect(try result(1) != result(2))
    }

    @Test("A resample that draws every segment once has the corpus score")
    func identityResample() throws {
        let systems = try Systems()
        var inOrder = InOrder(count: 60)
        let result = try PairedBootstrap(
            BLEU(), baseline: systems.baseline, system: systems.system, resamples: 3,
            using: &inOrder)
        #expect(result.baseline.mean == result.baseline.score)
        #expect(result.baseline.confidenceInterval == 0)
        #expect(result.winRate == 1)
        // No absolute difference exceeds its own mean by the real difference: (0 + 1) / (3 + 1).
        #expect(result.pValue == 0.25)
    }

    @Test("Corpora that do not pair up, no segments and no resamples are refused")
    func refusals() throws {
        let systems = try Systems()
        #expect(throws: EvaluationError.countMismatch(hypotheses: 59, references: 60)) {
            try PairedBootstrap(
                BLEU(), baseline: systems.baseline, system: Array(systems.system.dropLast()))
        }
        #expect(throws: EvaluationError.emptyCorpus) {
            try PairedBootstrap(BLEU(), baseline: [], system: [])
        }
        #expect(throws: EvaluationError.noResamples(0)) {
            try PairedBootstrap(
                BLEU(), baseline: systems.baseline, system: systems.system,
                options: .init(resamples: 0))
        }
    }
}
