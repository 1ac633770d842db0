import Certification
import TestSupport
import Testing

/// Losses of a source: with a probability of one in four something is lost, else nothing.
private struct LossSource {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    /// A loss of that mean, at most 1 / 8: all of it, or parts of it, with one in four.
    mutating func next(mean: Double, isWhole: Bool) -> Double {
        if isWhole { return uniform() < mean ? 1 : 0 }
        return uniform() < 0.25 ? 8 * mean * uniform() : 0
    }
}

/// Losses until a promise is refuted at ε = 0.05, nil where it is not within so many.
private func lossesToRefute(
    _ delta: Double, within most: Int, _ next: (Int) -> Double
) -> Int? {
    var martingale = BettingMartingale(delta: delta)
    for index in 0..<most {
        martingale.take(next(index))
        if martingale.refutes(epsilon: 0.05) { return index + 1 }
    }
    return nil
}

@Suite("Evidence against a promise", .timeLimit(.minutes(10)))
struct BettingMartingaleTests {
    @Test(
        "refutes at most one in twenty of a thousand promises that just hold, within 500 losses",
        arguments: [(0.02, true), (0.1, false)])
    func holds(_ entry: (delta: Double, isWhole: Bool)) {
        let refuted = (0..<1000).count { stream in
            var source = LossSource(seed: UInt64(stream))
            return lossesToRefute(entry.delta, within: 500) { _ in
                source.next(mean: entry.delta, isWhole: entry.isWhole)
            } != nil
        }
        #expect(refuted <= 50)
    }

    @Test(
        "refutes a promise of a quarter of what is lost within 600 losses, and most within 150",
        arguments: [(0.02, true), (0.02, false), (0.03, true), (0.03, false)])
    func refutes(_ entry: (delta: Double, isWhole: Bool)) {
        let needed = (0..<100).map { stream in
            var source = LossSource(seed: UInt64(1000 + stream))
            return lossesToRefute(entry.delta, within: 600) { _ in
                source.next(mean: 4 * entry.delta, isWhole: entry.isWhole)
            }
        }
        #expect(needed.allSatisfy { $0 != nil })
        #expect(needed.compactMap(\.self).count { $0 <= 150 } > 60)
    }

    @Test("refutes soon where the texts change, though thousands lost less than promised before")
    func change() {
        let needed = (0..<20).map { stream in
            var source = LossSource(seed: UInt64(2000 + stream))
            return lossesToRefute(0.03, within: 3600) {
                source.next(mean: $0 < 3000 ? 0.02 : 0.12, isWhole: false)
            }
        }
        #expect(needed.allSatisfy { ($0 ?? 0) > 3000 })
    }

    @Test("stays finite for all losses and bounds, and remembers what it has refuted")
    func finite() {
        for delta in [Double.leastNonzeroMagnitude, 1e-6, 0.5, 1.0.nextDown] {
            var martingale = BettingMartingale(delta: delta)
            for _ in 0..<5000 { martingale.take(1) }
            #expect(martingale.logEvidence.isFinite && martingale.evidence.isFinite)
            let greatest = martingale.greatestLogEvidence
            for _ in 0..<5000 { martingale.take(0) }
            #expect(martingale.logEvidence.isFinite && martingale.evidence >= 0)
            #expect(martingale.greatestLogEvidence >= greatest)
            #expect(martingale.mean == 0.5 && martingale.count == 10_000)
        }
        var wrong = BettingMartingale(delta: 0.1)
        for _ in 0..<50 { wrong.take(1) }
        #expect(wrong.refutes(epsilon: 0.05))
        for _ in 0..<5000 { wrong.take(0) }
        #expect(wrong.refutes(epsilon: 0.05) && wrong.logEvidence < wrong.greatestLogEvidence)
    }

    @Test("begins at 1 and stays there until something is lost more than promised")
    func start() {
        var martingale = BettingMartingale(delta: 0.1)
        #expect(martingale.evidence == 1 && !martingale.refutes(epsilon: 0.99))
        for _ in 0..<100 { martingale.take(0) }
        #expect(martingale.evidence < 1 && martingale.greatestLogEvidence == 0)
    }
}
