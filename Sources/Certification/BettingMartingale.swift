import Glibc
import JSON

/// Evidence against the promise E ℓ ≤ δ, gathered loss by loss for as long as one likes: M_t = Π (1 + λ_t (ℓ_t − δ)).
///
/// Each bet λ_t, from 0 to below 1 / δ, is chosen before ℓ_t is seen. While the promise holds for every loss, given those before it, M is a
/// supermartingale that begins at 1, and the probability that it ever reaches 1 / ε is at most ε (Ville; Waudby-Smith and Ramdas, 2024). So a promise may be
/// held against losses without end, and one that is refuted stays refuted.
///
/// Three players share the stake. One spreads it over constant bets, which finds a promise that is wrong from the start. Two bet what the latest losses speak for,
/// of which about 64 or 512 count: they bet nothing while the promise holds, keep what they have, and find texts that change after
/// thousands of good ones. Wealth is kept as logarithms: it neither overflows nor vanishes. A value; O(1) a loss.
public struct BettingMartingale: Sendable, Equatable {
    /// δ.
    public let delta: Double
    /// Losses so far.
    public private(set) var count = 0
    /// log M_t, M_t being the mean wealth of the players.
    public private(set) var logEvidence = 0.0
    /// The greatest log M so far, at least 0.
    public private(set) var greatestLogEvidence = 0.0
    private var sum = 0.0
    private var constant = [Double](repeating: 0, count: Self.stakes.count)
    private var attentive: [AttentivePlayer]

    /// Constant bets as shares of 1 / δ: the greatest loses nearly all where nothing is lost, the least a thousandth.
    private static let stakes = (0..<16).map { 0.95 * pow(0.63, Double($0)) }
    /// Latest losses that the others look at.
    private static let windows = [64.0, 512]

    /// No loss yet.
    ///
    /// - Parameter delta: δ, above 0 and below 1.
    public init(delta: Double) {
        precondition(delta > 0 && delta < 1, "a bound lies between 0 and 1")
        self.delta = delta
        attentive = Self.windows.map { AttentivePlayer(window: $0, delta: delta) }
    }

    /// M_t, 0 … 1e300.
    public var evidence: Double { min(exp(logEvidence), 1e300) }

    /// Mean loss, 0 where there is none.
    public var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Whether M has reached 1 / ε.
    ///
    /// - Parameter epsilon: ε, the probability that a promise that holds is refuted.
    /// - Returns: whether the promise is refuted.
    public func refutes(epsilon: Double) -> Bool { greatestLogEvidence >= -log(epsilon) }

    /// Takes the next loss.
    ///
    /// - Parameter loss: 0 … 1.
    public mutating func take(_ loss: Double) {
        precondition((0...1).contains(loss), "losses are 0 to 1")
        for (index, stake) in Self.stakes.enumerated() {
            constant[index] += log1p(Self.bet(stake, delta) * (loss - delta))
        }
        for index in attentive.indices { attentive[index].take(loss) }
        count += 1
        sum += loss
        logEvidence = Self.logMeanWealth(constant, attentive)
        greatestLogEvidence = max(greatestLogEvidence, logEvidence)
    }

    /// log M of the players' wealth.
    private static func logMeanWealth(
        _ constant: [Double], _ attentive: [AttentivePlayer]
    ) -> Double {
        logOfMean([logOfMean(constant)] + attentive.map(\.logWealth))
    }

    /// λ of a share of the most that may be bet; finite for the smallest δ.
    fileprivate static func bet(_ share: Double, _ delta: Double) -> Double {
        share / max(delta, 1e-9)
    }
}

// MARK: - On disk

extension BettingMartingale {
    /// All that the next bets depend on, so that one who goes on from it gets the same evidence to the bit.
    var json: JSONObject {
        JSONObject([
            .init("delta", .number(delta)), .init("count", .integer(Int64(count))),
            .init("sum", .number(sum)), .init("greatest", .number(greatestLogEvidence)),
            .init("constant", .array(constant.map(JSONValue.number))),
            .init("attentive", .array(attentive.map { .object($0.json) })),
        ])
    }

    /// Goes on from what was written.
    ///
    /// - Parameter json: what `json` gave; nil is returned for what it cannot have given.
    init?(_ json: JSONObject) {
        guard let delta = json["delta"]?.doubleValue, delta > 0, delta < 1,
            let count = json["count"]?.integerValue, count >= 0,
            let sum = json["sum"]?.doubleValue, sum >= 0, sum <= Double(count),
            let greatest = json["greatest"]?.doubleValue, greatest >= 0,
            let constant = json["constant"]?.arrayValue?.compactMap(\.doubleValue),
            constant.count == Self.stakes.count,
            let players = json["attentive"]?.arrayValue, players.count == Self.windows.count
        else { return nil }
        let attentive = zip(Self.windows, players).compactMap { window, player in
            player.objectValue.flatMap {
                AttentivePlayer($0, window: window, delta: delta, seen: Double(count))
            }
        }
        guard attentive.count == players.count else { return nil }
        self.delta = delta
        self.count = Int(count)
        self.sum = sum
        self.constant = constant
        self.attentive = attentive
        greatestLogEvidence = greatest
        logEvidence = count == 0 ? 0 : Self.logMeanWealth(constant, attentive)
        guard logEvidence <= greatest else { return nil }
    }
}

/// Bets by the mean and the variance of the latest losses (approximate GRAPA, Waudby-Smith and Ramdas, 2024, section 5), half of the most at most.
private struct AttentivePlayer: Sendable, Equatable {
    private(set) var logWealth = 0.0
    private let delta: Double
    private let window: Double
    private var seen = 0.0
    private var mean: Double
    private var variance: Double

    init(window: Double, delta: Double) {
        self.window = window
        self.delta = delta
        mean = delta
        variance = delta * (1 - delta) / 4
    }

    /// After losses that were seen before.
    init?(_ json: JSONObject, window: Double, delta: Double, seen: Double) {
        guard let logWealth = json["wealth"]?.doubleValue,
            let mean = json["mean"]?.doubleValue, (0...1).contains(mean),
            let variance = json["variance"]?.doubleValue, (0...1).contains(variance)
        else { return nil }
        self.init(window: window, delta: delta)
        self.logWealth = logWealth
        self.mean = mean
        self.variance = variance
        self.seen = seen
    }

    var json: JSONObject {
        JSONObject([
            .init("wealth", .number(logWealth)), .init("mean", .number(mean)),
            .init("variance", .number(variance)),
        ])
    }

    mutating func take(_ loss: Double) {
        let excess = mean - delta
        let spread = variance + excess * excess
        if excess > 0, spread > 0 {
            let bet = min(excess / spread, BettingMartingale.bet(0.5, delta))
            logWealth += log1p(bet * (loss - delta))
        }
        seen += 1
        let weight = max(1 / window, 1 / (seen + 1))
        let distance = loss - mean
        variance = (1 - weight) * (variance + weight * distance * distance)
        mean += weight * distance
    }
}

/// log of the mean of numbers that are given by their logarithms.
func logOfMean(_ logarithms: [Double]) -> Double {
    let highest = logarithms.max() ?? 0
    let sum = logarithms.reduce(0) { $0 + exp($1 - highest) }
    return highest + log(sum / Double(logarithms.count))
}
