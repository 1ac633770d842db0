import Checkpoint
import Tensor
import TensorTraining
import TestSupport
import Testing
import Training
import TranslationModel

@Suite("Losses and gradients")
struct GradientTests {
    @Test("equal those of an independent implementation", arguments: Reference.all())
    func pinned(_ reference: Reference.Case) throws {
        let network = try reference.network()
        let batch = BatchGradient(network, reference.objective, threads: 1, pieces: 1)
        let result = batch.run(reference.pairs, seed: 1, step: 1)
        // fp32 sums of some hundred products against float64: relative error about 1e-6.
        let total = try #require(reference.loss("total"))
        #expect(abs(result.objective - total) < 2e-6 * total)
        let expected = try reference.gradients()
        #expect(expected.entries.allSatisfy { network.layout.names.contains($0.name) })
        for entry in network.layout.entries where expected.contains(entry.name) {
            let values = try expected.floats(named: entry.name, shape: entry.shape)
            let largest = values.reduce(0) { max($0, abs($1)) }
            let worst = zip(entry.range, values).reduce(Float(0)) {
                max($0, abs(batch.gradient[$1.0] - $1.1))
            }
            #expect(worst <= 1e-5 * largest + 2e-6, "\(entry.name): \(worst) of \(largest)")
        }
    }

    @Test(
        "fall over fifty steps as they do in an independent implementation",
        arguments: Reference.all("curves"))
    func curve(_ reference: Reference.Case) throws {
        let network = try reference.network()
        let batches = try Reference().batches
        let batch = BatchGradient(network, reference.objective, threads: 1, pieces: 1)
        let moments = Adam.Moments(count: network.layout.count)
        let rate = LearningRate(peak: 3e-3, warmUp: 10, decay: .inverseSquareRoot)
        let expected = reference.losses
        #expect(expected.count == 50)
        for (index, expected) in expected.enumerated() {
            let result = batch.run(batches[index % batches.count], seed: 1, step: index + 1)
            // PyTorch's own float32 and float64 curves differ by up to 5e-7.
            #expect(abs(result.objective - expected) < 5e-6, "step \(index + 1)")
            let all = 0..<network.layout.count
            let norm = batch.gradient.squareSum(all).squareRoot()
            Adam().apply(
                network.parameters, gradient: batch.gradient, moments: moments, in: all,
                .init(
                    number: index + 1, rate: Float(rate.rate(index + 1, last: 50)),
                    gradientScale: Float(min(1, 1 / norm))))
            network.repack()
        }
    }
}
