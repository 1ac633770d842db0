import Certification
import TestSupport
import Testing

@Suite("Tests of a mean loss")
struct MeanTestTests {
    /// Losses and bounds, with p-values that a program of its own computed with exact binomial sums (Python's fractions).
    private static let pinned:
        [(losses: [Double], delta: Double, hoeffding: Double, betting: Double)] =
            [
                (
                    (0..<1000).map { $0 % 50 == 7 ? 1 : 0 }, 0.05, 2.0818902932568447e-06,
                    2.319485620112606e-05
                ),
                (
                    (0..<200).map { Double($0 * 37 % 101) / 1000 }, 0.1, 0.035629562868228236,
                    0.00026502946001830016
                ),
                (
                    (0..<200).map { Double($0 * 37 % 101) / 1000 }, 0.06, 0.8305614726581544,
                    0.3016397099395204
                ),
                (Array(repeating: 0, count: 100), 0.02, 0.13261955589475288, 0.31086963042009486),
                ((0..<100).map { $0 % 10 == 0 ? 1 : 0 }, 0.05, 1, 1),
            ]

    @Test("gives the p-values of an independent program", arguments: pinned)
    func agrees(_ entry: (losses: [Double], delta: Double, hoeffding: Double, betting: Double)) {
        let hoeffding = MeanTest.hoeffdingBentkus.pValue(entry.losses, delta: entry.delta)
        #expect(abs(hoeffding - entry.hoeffding) < 1e-9 + 1e-6 * entry.hoeffding)
        let betting = MeanTest.betting.pValue(entry.losses, delta: entry.delta)
        #expect(abs(betting - entry.betting) < 1e-9 + 1e-6 * entry.betting)
    }

    @Test(
        "needs so many losses and not one fewer where nothing is lost",
        arguments: MeanTest.allCases, [0.001, 0.02, 0.5, 0.999])
    func fewest(test: MeanTest, delta: Double) {
        for epsilon in [0.9, 0.05, 0.001] {
            let count = test.fewestLosses(delta: delta, epsilon: epsilon)
            let none = [Double](repeating: 0, count: count)
            #expect(count >= 1)
            #expect(test.pValue(none, delta: delta) <= epsilon)
            #expect(test.pValue(none.dropLast(), delta: delta) > epsilon)
        }
    }

    @Test(
        "is wrong no more often than it says where the mean is the bound",
        arguments: MeanTest.allCases, [0.02, 0.1])
    func validity(test: MeanTest, delta: Double) {
        var random = SeededGenerator(seed: 91)
        func uniform() -> Double { Double(random.next() >> 11) / Double(1 << 53) }
        var wrong = (rare: 0, small: 0)
        let rounds = 600
        for _ in 0..<rounds {
            // All or nothing, and losses between: both of mean δ.
            let rare = (0..<300).map { _ in uniform() < delta ? 1.0 : 0 }
            let small = (0..<300).map { _ in 2 * delta * uniform() }
            if test.pValue(rare, delta: delta) <= 0.05 { wrong.rare += 1 }
            if test.pValue(small, delta: delta) <= 0.05 { wrong.small += 1 }
        }
        // 0.05 and three standard deviations of a share of so many rounds.
        let limit = Int(Double(rounds) * (0.05 + 3 * (0.05 * 0.95 / Double(rounds)).squareRoot()))
        #expect(wrong.rare <= limit && wrong.small <= limit)
    }

    @Test(
        "speaks the louder the more losses there are and the lower they are",
        arguments: MeanTest.allCases)
    func power(test: MeanTest) {
        func p(_ loss: Double, _ count: Int) -> Double {
            test.pValue(Array(repeating: loss, count: count), delta: 0.05)
        }
        #expect(p(0, 500) < p(0, 100) && p(0, 100) < p(0, 10) && p(0, 10) < 1)
        #expect(p(0, 200) < p(0.02, 200) && p(0.02, 200) < p(0.04, 200))
        #expect(p(0.05, 1000) > 0.5 && p(0.2, 1000) == 1)
    }

    @Test("says nothing of no losses, and of the worst", arguments: MeanTest.allCases)
    func nothing(test: MeanTest) {
        #expect(test.pValue([], delta: 0.05) == 1)
        #expect(test.pValue([1, 1, 1], delta: 0.99) <= 1)
        #expect(test.pValue(Array(repeating: 1, count: 50), delta: 0.5) == 1)
    }
}
