import Glibc

/// Tests of H: E ℓ > δ for losses of 0 … 1, drawn independently from one source, valid at any number of them.
///
/// A small p-value speaks against H. Where H holds, the probability that p ≤ ε is at most ε.
public enum MeanTest: String, Sendable, CaseIterable {
    /// Wealth of bets that losses are below δ (Waudby-Smith and Ramdas, 2024).
    case betting
    /// The smaller of Hoeffding's and Bentkus' bounds (Bates et al., 2021, theorem 3).
    case hoeffdingBentkus = "hoeffding-bentkus"

    /// The p-value of some losses.
    ///
    /// - Parameters:
    ///   - losses: each 0 … 1; of none it is 1.
    ///   - delta: δ, above 0 and below 1.
    /// - Returns: 0 … 1.
    public func pValue(_ losses: [Double], delta: Double) -> Double {
        precondition(delta > 0 && delta < 1, "a bound lies between 0 and 1")
        precondition(losses.allSatisfy { (0...1).contains($0) }, "losses are 0 to 1")
        guard !losses.isEmpty else { return 1 }
        return switch self {
        case .betting: Self.betting(losses, delta)
        case .hoeffdingBentkus: Self.hoeffdingBentkus(losses, delta)
        }
    }

    /// How many losses it takes, all of them 0, until the p-value is as low as ε: of fewer sentences no rule can be certified, whatever it loses.
    ///
    /// - Parameters:
    ///   - delta: δ, above 0 and below 1.
    ///   - epsilon: ε, above 0 and below 1.
    /// - Returns: at least 1, about log(1 / ε) / δ.
    public func fewestLosses(delta: Double, epsilon: Double) -> Int {
        precondition(epsilon > 0 && epsilon < 1, "a probability lies between 0 and 1")
        func suffices(_ count: Int) -> Bool {
            pValue([Double](repeating: 0, count: count), delta: delta) <= epsilon
        }
        var enough = 1
        while !suffices(enough) { enough *= 2 }
        var tooFew = enough / 2
        while enough - tooFew > 1 {
            let middle = (tooFew + enough) / 2
            if suffices(middle) { enough = middle } else { tooFew = middle }
        }
        return enough
    }

    /// Shares of the wealth that are bet, of the most that cannot be lost.
    private static let stakes = (1...32).map { Double($0) / 33 }

    /// 1 / the greatest mean wealth of several gamblers, each of whom bets the same share at every loss.
    ///
    /// Under H each wealth Π (1 + λ (δ − ℓ)) is a supermartingale of mean at most 1, so is their mean, and it passes 1 / ε with a probability of at most ε (Ville).
    private static func betting(_ losses: [Double], _ delta: Double) -> Double {
        var logarithms = [Double](repeating: 0, count: stakes.count)
        var greatest = 0.0
        for loss in losses {
            for (index, stake) in stakes.enumerated() {
                logarithms[index] += log1p(stake / (1 - delta) * (delta - loss))
            }
            greatest = max(greatest, logOfMean(logarithms))
        }
        return exp(-greatest)
    }

    private static func hoeffdingBentkus(_ losses: [Double], _ delta: Double) -> Double {
        let n = Double(losses.count)
        let mean = losses.reduce(0, +) / n
        let hoeffding = exp(-n * divergence(min(mean, delta), delta))
        let bentkus = M_E * lowerTail(Int((n * mean).rounded(.up)), of: losses.count, delta)
        return min(hoeffding, bentkus, 1)
    }

    /// a log(a / b) + (1 − a) log((1 − a) / (1 − b)).
    private static func divergence(_ a: Double, _ b: Double) -> Double {
        (a > 0 ? a * log(a / b) : 0) + (a < 1 ? (1 - a) * log((1 - a) / (1 - b)) : 0)
    }

    /// P(Bin(n, p) ≤ k).
    static func lowerTail(_ k: Int, of n: Int, _ p: Double) -> Double {
        let count = Double(n)
        return (0...min(k, n)).reduce(0) { sum, i in
            let ways = lgamma(count + 1) - lgamma(Double(i) + 1) - lgamma(count - Double(i) + 1)
            return sum + exp(ways + Double(i) * log(p) + (count - Double(i)) * log1p(-p))
        }
    }
}
