import Checkpoint
import Tensor
import TensorTraining
import TestSupport
import Testing
import Training
import TranslationModel

/// A network at one point, whose loss along directions is compared with its gradient.
private struct Point {
    let network: TrainableNetwork
    let batch: BatchGradient
    let pairs: [SentencePair]

    init(_ network: TrainableNetwork, _ objective: Objective) {
        self.network = network
        batch = BatchGradient(network, objective, threads: 1, pieces: 1)
        pairs = Tiny.copies(5)
    }

    func loss() -> Double { batch.run(pairs, seed: 1, step: 1).objective }

    /// Uniform in −1 ..< 1 in the tensors that are named, 0 elsewhere and in the pad's row.
    func direction(_ random: inout SeededGenerator, _ isMoved: (String) -> Bool) -> [Float] {
        var direction = [Float](repeating: 0, count: network.layout.count)
        for entry in network.layout.entries where isMoved(entry.name) {
            for index in entry.range { direction[index] = Float(random.below(2001) - 1000) / 1000 }
        }
        let d = network.configuration.width
        let pad =
            (network.range("model.shared.weight")?.lowerBound ?? 0)
            + (network.configuration.padID ?? 0) * d
        for index in pad..<pad + d { direction[index] = 0 }
        return direction
    }

    /// (L(θ + h e) − L(θ − h e)) / 2h, and the gradient's product with e.
    func slopes(_ e: [Float], h: Float) -> (difference: Double, gradient: Double) {
        let start = network.values
        _ = loss()
        let gradient = e.indices.reduce(0) { $0 + Double(e[$1]) * Double(batch.gradient[$1]) }
        let losses = [h, -h].map { step -> Double in
            network.parameters.set(zip(start, e).map { $0 + step * $1 }, at: 0)
            network.repack()
            return loss()
        }
        network.parameters.set(start, at: 0)
        network.repack()
        return ((losses[0] - losses[1]) / Double(2 * h), gradient)
    }

    /// A loss of about 4 has errors of some 10⁻⁷, which 2h = 2·10⁻³ makes 10⁻⁴; the third derivative
    /// along directions of length about 50 adds a few thousandths.
    func expectAgreement(_ isMoved: (String) -> Bool = { _ in true }) {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<3 {
            let (difference, gradient) = slopes(direction(&random, isMoved), h: 1e-3)
            #expect(abs(difference - gradient) < 2e-3 + 2e-3 * abs(gradient))
        }
    }
}

@Suite("Gradients against finite differences")
struct FiniteDifferenceTests {
    @Test(
        "of aligned training agree, for every weighting and activation",
        arguments: Objective.ExitWeights.allCases)
    func aligned(weights: Objective.ExitWeights) throws {
        for variant in [
            .init(activation: "swish"), .init(activation: "gelu"),
            .init(activation: "quick_gelu", norms: .beforeBlock),
        ] as [Tiny.Variant] {
            Point(
                try Tiny.network(variant),
                Tiny.objective(.aligned(weights: weights, gradientScaling: 1))
            ).expectAgreement()
        }
    }

    @Test(
        "of the last exit alone agree, also with one layer for all", arguments: [false, true],
        Architecture.NormPlacement.allCases)
    func baseline(sharedLayers: Bool, norms: Architecture.NormPlacement) throws {
        let network = try Tiny.network(
            .init(activation: "swish", sharedLayers: sharedLayers, norms: norms))
        Point(network, Tiny.objective(.baseline)).expectAgreement()
    }

    @Test(
        "of mixed training agree for given exit sequences, also where no position goes deep",
        arguments: Architecture.NormPlacement.allCases)
    func mixed(norms: Architecture.NormPlacement) throws {
        let count = Tiny.copies(5).reduce(0) { $0 + $1.target.count }
        var random = SeededGenerator(seed: 8)
        var objective = Tiny.objective(.mixed(samples: 3))
        objective.exitSequences = [
            (0..<count).map { _ in 1 + random.below(3) }, Array(repeating: 1, count: count),
            (0..<count).map { $0 % 3 + 1 },
        ]
        for separate in [false, true] {
            let network = try Tiny.network(
                .init(activation: "gelu", norms: norms, separateClassifiers: separate))
            Point(network, objective).expectAgreement()
        }
    }

    @Test("of classifiers of their own agree, all together and the classifiers alone")
    func separateClassifiers() throws {
        let network = try Tiny.network(.init(activation: "swish", separateClassifiers: true))
        let point = Point(network, Tiny.objective())
        point.expectAgreement()
        point.expectAgreement { $0.hasPrefix("exits.classifiers.") }
    }

    @Test(
        "of every head with every oracle agree, through the network too",
        arguments: ExitHead.allCases, ExitsConfiguration.Oracle.allCases)
    func heads(head: ExitHead, oracle: ExitsConfiguration.Oracle) throws {
        // Each head with one placement of the normalisations or the other.
        let norms: Architecture.NormPlacement =
            oracle == .likelihood || oracle == .agreement ? .beforeBlock : .behindSum
        let network = try Tiny.network(.init(activation: "swish", norms: norms, heads: [head]))
        var random = SeededGenerator(seed: 9)
        for entry in network.layout.entries where entry.isExit {
            let values = entry.range.map { _ in Float(random.below(2001) - 1000) / 2000 }
            network.parameters.set(values, at: entry.range.lowerBound)
        }
        network.repack()
        var objective = Tiny.objective()
        objective.heads = [.init(head: head, oracle: oracle, lambda: 0.01, sigma: 2)]
        objective.headWeight = 0.7
        objective.headsReachNetwork = true
        Point(network, objective).expectAgreement()
    }

    @Test(
        "agree under dropout, whose choices the way back repeats",
        arguments: [.baseline, .mixed(samples: 2), .aligned(weights: .uniform, gradientScaling: 1)]
            as [Objective.DecoderTraining], Architecture.NormPlacement.allCases)
    func dropout(
        decoder: Objective.DecoderTraining, norms: Architecture.NormPlacement
    ) throws {
        var objective = Tiny.objective(decoder)
        objective.dropout = 0.3
        Point(try Tiny.network(.init(activation: "swish", norms: norms)), objective)
            .expectAgreement()
    }

    @Test("of self-distillation agree where the teacher does not change")
    func selfDistillation() throws {
        let network = try Tiny.network(.init(activation: "swish", separateClassifiers: true))
        var objective = Tiny.objective()
        objective.selfDistillation = 0.6
        // Classifiers below the last do not reach the last exit, which teaches.
        Point(network, objective).expectAgreement { $0.hasPrefix("exits.classifiers.") }
    }
}

@Suite("Self-distillation")
struct SelfDistillationTests {
    /// Loss and gradient for a share of the teacher.
    private func run(_ share: Double) throws -> (result: PassResult, gradient: [Double]) {
        let network = try Tiny.network(.init(activation: "swish"))
        var objective = Tiny.objective(.aligned(weights: .linear, gradientScaling: 1))
        objective.selfDistillation = share
        let batch = BatchGradient(network, objective, threads: 1, pieces: 1)
        let result = batch.run(Tiny.copies(4), seed: 1, step: 1)
        return (result, (0..<network.layout.count).map { Double(batch.gradient[$0]) })
    }

    @Test("mixes hard targets and the teacher by its share, losses and gradients alike")
    func mixes() throws {
        let (hard, soft, mixed) = (try run(0), try run(1), try run(0.25))
        let objective = 0.75 * hard.result.objective + 0.25 * soft.result.objective
        #expect(abs(mixed.result.objective - objective) < 2e-6)
        let largest = hard.gradient.reduce(0) { max($0, abs($1)) }
        for index in hard.gradient.indices {
            let expected = 0.75 * hard.gradient[index] + 0.25 * soft.gradient[index]
            #expect(abs(mixed.gradient[index] - expected) < 1e-5 * largest)
        }
    }

    @Test("leaves the loss of the last exit, and what only that depends on, as they are")
    func teacherIsConstant() throws {
        let (hard, mixed) = (try run(0), try run(0.25))
        #expect(hard.result.exits[2] == mixed.result.exits[2])
        #expect(hard.result.exits[0] != mixed.result.exits[0])
        let network = try Tiny.network()
        let range = try #require(network.range("model.decoder.layers.2.fc2.weight"))
        #expect(hard.gradient[range] == mixed.gradient[range])
    }
}
