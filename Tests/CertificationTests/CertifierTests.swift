import Certification
import Checkpoint
import Decoding
import TestSupport
import Testing
import TranslationModel

/// A rule of four layers whose losses and share of operations are given.
private func trial(_ layer: Int, share: Int, losses: [Double]) -> Certifier.Trial {
    var count = OperationCount()
    count.executed = share
    count.fullDepth = 100
    return Certifier.Trial(
        rule: ExitRule(.fixed, .init(layer: layer), layerCount: 4), losses: losses,
        operations: Array(repeating: count, count: losses.count),
        depth: Array(repeating: (layer, 1), count: losses.count))
}

/// So many losses, one in `every` being 1.
private func losses(_ count: Int, oneIn every: Int) -> [Double] {
    (0..<count).map { $0 % every == every - 1 ? 1 : 0 }
}

@Suite("Certified rules")
struct CertifierTests {
    private let trials = [
        trial(1, share: 30, losses: losses(2000, oneIn: 5)),
        trial(2, share: 55, losses: losses(2000, oneIn: 40)),
        trial(3, share: 80, losses: losses(2000, oneIn: 400)),
    ]

    @Test("are the cheapest that a bound allows")
    func ladder() {
        let certifier = Certifier(trials, layerCount: 4)
        #expect(certifier.rules.map(\.givenLayer) == [3, 2, 1])
        func layer(_ delta: Double) -> Int? {
            certifier.certificate(delta: delta, epsilon: 0.05).rule?.givenLayer
        }
        #expect(layer(0.001) == nil)
        #expect(layer(0.01) == 3)
        #expect(layer(0.05) == 2)
        #expect(layer(0.3) == 1)
    }

    @Test("say what they cost and lose on the sentences that they were tested on")
    func figures() {
        let found = Certifier(trials, layerCount: 4).certificate(delta: 0.05, epsilon: 0.05)
        #expect(found.sentences == 1000)
        #expect(found.loss == 0.025)
        #expect(found.operations == 0.55)
        #expect(found.averageExit == 2)
        #expect((found.pValues.passed ?? 1) <= 0.05 && (found.pValues.failed ?? 0) > 0.05)
        let none = Certifier(trials, layerCount: 4).certificate(delta: 0.001, epsilon: 0.05)
        #expect(none.rule == nil && none.operations == 1 && none.averageExit == 4)
    }

    @Test("are tested on all sentences behind those that order them, however few these are")
    func ordering() {
        let certifier = Certifier(trials, layerCount: 4, ordering: 40)
        #expect(certifier.rules.map(\.givenLayer) == [3, 2, 1])
        let found = certifier.certificate(delta: 0.05, epsilon: 0.05)
        #expect(found.sentences == 1960 && found.loss == 0.025)
    }

    @Test("come in an order that the tested half has no part in")
    func halves() {
        // Layer 2 is the best on the first half and the worst on the second.
        let turned = [
            trial(2, share: 50, losses: losses(500, oneIn: 501) + losses(500, oneIn: 2)),
            trial(3, share: 80, losses: losses(500, oneIn: 2) + losses(500, oneIn: 501)),
        ]
        let certifier = Certifier(turned, layerCount: 4)
        #expect(certifier.rules.map(\.givenLayer) == [2])
        #expect(certifier.certificate(delta: 0.1, epsilon: 0.05).rule == nil)
    }

    @Test("stop at the first that fails, though a cheaper one would pass")
    func stops() {
        let holed = [
            trial(3, share: 80, losses: losses(1000, oneIn: 1001)),
            trial(2, share: 60, losses: losses(500, oneIn: 501) + losses(500, oneIn: 3)),
            trial(1, share: 40, losses: [1] + losses(999, oneIn: 1000)),
        ]
        let certifier = Certifier(holed, layerCount: 4)
        #expect(certifier.rules.map(\.givenLayer) == [2, 1])
        #expect(certifier.certificate(delta: 0.05, epsilon: 0.05).rule == nil)
    }

    @Test("never cost more than full depth")
    func cost() {
        let dear = [trial(3, share: 110, losses: losses(100, oneIn: 101))]
        #expect(Certifier(dear, layerCount: 4).rules.isEmpty)
    }

    @Test(
        "hold on fresh sentences as often as they promise",
        arguments: MeanTest.allCases)
    func promise(test: MeanTest) {
        var random = SeededGenerator(seed: 92)
        func uniform() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
        // The true risks of the rules, from the safest to the cheapest.
        let risks = [0.01, 0.02, 0.03, 0.045, 0.055, 0.07]
        let (delta, rounds) = (0.05, 200)
        var broken = 0
        var found = 0
        for _ in 0..<rounds {
            let trials = risks.enumerated().map { place, risk in
                var count = OperationCount()
                (count.executed, count.fullDepth) = (90 - 10 * place, 100)
                return Certifier.Trial(
                    rule: ExitRule(.fixed, .init(layer: 7 - place), layerCount: 8),
                    losses: (0..<1000).map { _ in uniform() < risk ? 1 : 0 },
                    operations: Array(repeating: count, count: 1000),
                    depth: Array(repeating: (7 - place, 1), count: 1000))
            }
            let rule = Certifier(trials, layerCount: 8)
                .certificate(delta: delta, epsilon: 0.05, test).rule
            guard let layer = rule?.givenLayer else { continue }
            found += 1
            if risks[7 - layer] > delta { broken += 1 }
        }
        #expect(found > rounds / 2)
        #expect(
            broken <= Int(Double(rounds) * (0.05 + 3 * (0.05 * 0.95 / Double(rounds)).squareRoot()))
        )
    }
}

@Suite("What a text loses against full depth")
struct RiskTests {
    @Test("is nothing where it is the same", arguments: Risk.allCases)
    func same(risk: Risk) {
        #expect(risk.loss("A dog runs.", full: "A dog runs.", reference: "Dogs run.") == 0)
    }

    @Test("lies between 0 and 1 and grows with the difference")
    func different() {
        let full = "A man is reading a book."
        #expect(Risk.disagreement.loss("A man reads a book.", full: full, reference: nil) == 1)
        let near = Risk.chrF.loss("A man is reading the book.", full: full, reference: nil)
        let far = Risk.chrF.loss("Two dogs.", full: full, reference: nil)
        #expect(0 < near && near < far && far <= 1)
        #expect(Risk.chrF.loss("", full: full, reference: nil) == 1)
    }

    @Test("is counted against references where they are asked for, and never below 0")
    func quality() {
        let reference = "A man is reading a book."
        let better = Risk.quality.loss(reference, full: "A man reads.", reference: reference)
        #expect(better == 0)
        #expect(Risk.quality.loss("A man reads.", full: reference, reference: reference) > 0)
    }
}
