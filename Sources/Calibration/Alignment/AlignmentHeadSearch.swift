public import Checkpoint
public import TranslationModel

/// Finds the cross-attention heads whose contributions align best, for each exit.
///
/// From all heads of an exit's layers one after the other is taken away, each time the one without which the
/// error rate against the judge is lowest, while that falls: so the choice is never worse than all of them.
/// Adding heads one by one instead stops early, at sets that fit the judge and align worse.
public struct AlignmentHeadSearch {
    /// What a set of heads comes to.
    public struct Choice: Sendable, Equatable {
        /// The layer where tokens leave.
        public let exit: Int
        /// Chosen heads, in the order of layers.
        public let heads: [AlignmentHead]
        /// The error rate with them, against the judge.
        public let errorRate: Double
        /// The error rate with all heads.
        public let errorRateOfAll: Double
    }

    /// A gain below this is noise on a thousand pairs.
    private static let leastGain = 2e-3

    private let model: TranslationModel
    private let pairs: [AlignedPair]
    private let judge: LexicalJudge

    /// A search over pairs that a judge knows.
    ///
    /// - Parameters:
    ///   - model: what is aligned.
    ///   - pairs: the first of the judge's pairs; about S − 1 floats are kept for each of their tokens and heads.
    ///   - judge: whose links are to be found.
    public init(_ model: TranslationModel, _ pairs: [AlignedPair], judge: LexicalJudge) {
        self.model = model
        self.pairs = pairs
        self.judge = judge
    }

    /// The best heads of an exit.
    ///
    /// - Parameters:
    ///   - n: the layer where tokens leave, 1 … N.
    ///   - goesOn: asked before each pair is aligned and before each head is taken away, whether there is time.
    /// - Returns: at least one head; nil where there was no time left.
    public func choose(exit n: Int, while goesOn: () -> Bool = { true }) -> Choice? {
        let aligner = ForcedAligner(model)
        var contributions: [[[[Float]]]] = []
        for pair in pairs {
            guard goesOn() else { return nil }
            contributions.append(
                aligner.contributions(source: pair.source, target: pair.target, exit: n))
        }
        var chosen = Array(0..<n * model.attentionHeads)
        let rateOfAll = errorRate(chosen, contributions)
        var lowest = rateOfAll
        while chosen.count > 1 {
            guard goesOn() else { return nil }
            let tried = chosen.map { head in
                (head: head, rate: errorRate(chosen.filter { $0 != head }, contributions))
            }
            guard let best = tried.min(by: { $0.rate < $1.rate }),
                best.rate < lowest - Self.leastGain
            else { break }
            chosen.removeAll { $0 == best.head }
            lowest = best.rate
        }
        return Choice(
            exit: n, heads: chosen.map { name($0) }, errorRate: lowest, errorRateOfAll: rateOfAll)
    }

    private func name(_ head: Int) -> AlignmentHead {
        AlignmentHead(
            layer: head / model.attentionHeads + 1, head: head % model.attentionHeads + 1)
    }

    private func errorRate(_ heads: [Int], _ contributions: [[[[Float]]]]) -> Double {
        var score = AlignmentScore()
        for (index, pair) in pairs.enumerated() {
            let alignment = contributions[index].enumerated().map { token, parts in
                pair.target[token] == model.configuration.endOfSentenceID
                    ? pair.source.count - 1 : Self.best(heads, parts)
            }
            score.add(pair.links(alignment), judge[index])
        }
        return score.errorRate
    }

    /// The position of the highest sum.
    private static func best(_ heads: [Int], _ parts: [[Float]]) -> Int {
        var sums = [Float](repeating: 0, count: parts[0].count)
        for head in heads {
            for (position, value) in parts[head].enumerated() { sums[position] += value }
        }
        return sums.indices.max { sums[$0] < sums[$1] } ?? 0
    }
}
