import JSON
import Tensor
import TensorTraining
import Testing
import Training

extension Reference.Case {
    fileprivate func optimiser(_ name: String) -> Double {
        object["optimiser"]?.objectValue?[name]?.doubleValue ?? 0
    }

    fileprivate func curve(_ name: String) -> [Double] {
        object["float64"]?.objectValue?[name]?.arrayValue?.compactMap(\.doubleValue) ?? []
    }
}

@Suite("Training curves")
struct CurveTests {
    @Test("are those of an independent implementation", arguments: Reference.all("curves"))
    func pinned(_ reference: Reference.Case) throws {
        let batches = try Reference().batches
        let network = try reference.network()
        let all = 0..<network.layout.count
        let batch = BatchGradient(network, reference.objective, threads: 1, pieces: 1)
        var adam = Adam()
        adam.beta1 = Float(reference.optimiser("beta1"))
        adam.beta2 = Float(reference.optimiser("beta2"))
        adam.epsilon = Float(reference.optimiser("epsilon"))
        let moments = Adam.Moments(count: all.count)
        let schedule = LearningRate(
            peak: reference.optimiser("peak_learning_rate"),
            warmUp: Int(reference.optimiser("warmup_steps")))
        let clip = reference.optimiser("clip_norm")
        let (losses, norms) = (reference.curve("losses"), reference.curve("gradient_norms"))
        #expect(losses.count == 50)
        for (index, (loss, norm)) in zip(losses, norms).enumerated() {
            let result = batch.run(batches[index % batches.count], seed: 1, step: index + 1)
            let own = batch.gradient.squareSum(all).squareRoot()
            // PyTorch itself in fp32 is off by 3·10⁻⁷ of a loss and 2·10⁻⁷ of a norm; errors of
            // each step go on into the next.
            #expect(abs(result.objective - loss) < 5e-6 * loss, "step \(index + 1)")
            #expect(abs(own - norm) < 2e-5 * norm, "step \(index + 1)")
            adam.apply(
                network.parameters, gradient: batch.gradient, moments: moments, in: all,
                .init(
                    number: index + 1, rate: Float(schedule.rate(index + 1, last: losses.count)),
                    gradientScale: Float(min(1, clip / own))))
            network.repack()
        }
    }
}
