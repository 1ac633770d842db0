import Decoding
import System
import TranslationModel

/// How a promise fared in many random splits of one text: certified on one part of the sentences, held against the others, which are fresh.
public struct SplitReport: Sendable {
    /// δ.
    public let delta: Double
    /// Splits in which a rule passed.
    public fileprivate(set) var certified = 0
    /// Of these, those whose rule lost more than δ on the fresh sentences.
    public fileprivate(set) var broken = 0
    /// Mean loss on the fresh sentences, of the splits in which a rule passed.
    public fileprivate(set) var loss = 0.0
    /// Operations on the fresh sentences as a share of full depth's, the mean over all splits; full depth counts where no rule passed.
    public fileprivate(set) var operations = 0.0
    /// P(Bin(splits, ε) ≥ broken): small where the promise is broken more often than it says.
    public fileprivate(set) var pValue = 1.0
    /// What the watch made of the fresh sentences.
    public fileprivate(set) var fresh = WatchOutcome()
    /// What it made of sentences of another kind; nil without any.
    public fileprivate(set) var other: WatchOutcome?

    fileprivate init(delta: Double) { self.delta = delta }

    /// What watches made of sentences, one for each split in which a rule passed.
    public struct WatchOutcome: Sendable {
        /// Mean loss of the sentences.
        public fileprivate(set) var loss = 0.0
        /// For each certificate that was refuted, after how many sentences; ascending.
        public fileprivate(set) var sentences: [Int] = []
    }
}

/// Splits of a text, and what is certified on them.
public struct SplitPlan: Sendable {
    /// How many.
    public var splits: Int
    /// Sentences to certify on, at least 2: one half orders the rules, the other tests them.
    public var size: Int
    /// The same seed gives the same splits.
    public var seed: UInt64
    /// Bounds.
    public var deltas: [Double]
    /// ε that is promised.
    public var epsilon: Double
    /// The part of ε that a policy has.
    public var share: Double
    /// Gives the p-values.
    public var test: MeanTest

    /// States all.
    ///
    /// - Parameters:
    ///   - splits: how many.
    ///   - size: sentences to certify on.
    ///   - seed: shuffles them.
    ///   - deltas: bounds.
    ///   - epsilon: what is promised.
    ///   - policies: that share ε.
    ///   - test: gives the p-values.
    public init(
        splits: Int, size: Int, seed: UInt64, deltas: [Double], epsilon: Double, policies: Int,
        test: MeanTest
    ) {
        (self.splits, self.size, self.seed, self.deltas) = (splits, size, seed, deltas)
        (self.epsilon, self.test) = (epsilon, test)
        share = epsilon / Double(max(1, policies))
    }

    /// Certifies on each split, and holds what was promised against its fresh sentences.
    ///
    /// - Parameters:
    ///   - trials: of one policy, all of the same sentences, more than `size`.
    ///   - other: trials of the same rules, in their order, on sentences of another kind.
    ///   - layerCount: N.
    /// - Returns: a report for each bound.
    public func reports(
        _ trials: [Certifier.Trial], other: [Certifier.Trial]? = nil, layerCount: Int
    ) -> [SplitReport] {
        let count = trials.first?.losses.count ?? 0
        precondition(size >= 2 && size < count, "a split has sentences of both kinds")
        var reports = deltas.map { SplitReport(delta: $0) }
        if other != nil {
            for index in reports.indices { reports[index].other = .init() }
        }
        for split in 0..<splits {
            var random = SplitMix64(key: seed, UInt64(split))
            let order = Array((0..<count).shuffled(using: &random))
            let fresh = Array(order[size...])
            let certifier = Certifier(
                trials.map { $0.picking(order[..<size]) }, layerCount: layerCount)
            let otherOrder = other?.first.map {
                Array($0.losses.indices.shuffled(using: &random))
            }
            for (index, delta) in deltas.enumerated() {
                let found = certifier.certificate(delta: delta, epsilon: share, test)
                guard let place = trials.firstIndex(where: { $0.rule == found.rule }) else {
                    reports[index].operations += 1
                    continue
                }
                reports[index].take(trials[place].picking(fresh[...]), epsilon)
                guard let other, let otherOrder else { continue }
                reports[index].other?.take(
                    other[place].picking(otherOrder[...]).losses, delta, epsilon)
            }
        }
        return reports.map { $0.finished(self) }
    }
}

extension SplitReport {
    fileprivate mutating func take(_ trial: Certifier.Trial, _ epsilon: Double) {
        let mean = trial.losses.reduce(0, +) / Double(trial.losses.count)
        certified += 1
        if mean > delta { broken += 1 }
        loss += mean
        operations += trial.operations.reduce(OperationCount(), +).share
        fresh.take(trial.losses, delta, epsilon)
    }

    /// With means instead of sums.
    fileprivate func finished(_ plan: SplitPlan) -> SplitReport {
        var report = self
        let passed = Double(max(certified, 1))
        report.loss /= passed
        report.fresh.finish(passed)
        report.other?.finish(passed)
        report.operations /= Double(max(plan.splits, 1))
        if broken > 0 {
            report.pValue = max(
                0, 1 - MeanTest.lowerTail(broken - 1, of: plan.splits, plan.epsilon))
        }
        return report
    }
}

extension SplitReport.WatchOutcome {
    fileprivate mutating func take(_ losses: [Double], _ delta: Double, _ epsilon: Double) {
        loss += losses.reduce(0, +) / Double(max(losses.count, 1))
        var martingale = BettingMartingale(delta: delta)
        for loss in losses {
            martingale.take(loss)
            if martingale.refutes(epsilon: epsilon) { return sentences.append(martingale.count) }
        }
    }

    fileprivate mutating func finish(_ watches: Double) {
        loss /= watches
        sentences.sort()
    }

    /// The number of sentences after which half of some watches have refuted; nil where fewer do.
    ///
    /// - Parameter watches: all of them.
    /// - Returns: nil where fewer than half refute.
    public func median(of watches: Int) -> Int? {
        let place = (watches + 1) / 2
        return watches > 0 && place <= sentences.count ? sentences[place - 1] : nil
    }
}

extension Certifier.Trial {
    /// The trial of some of its sentences, in their order.
    fileprivate func picking(_ sentences: ArraySlice<Int>) -> Certifier.Trial {
        Certifier.Trial(
            rule: rule, losses: sentences.map { losses[$0] },
            operations: sentences.map { operations[$0] }, depth: sentences.map { depth[$0] })
    }
}
