public import Checkpoint
public import TranslationModel

/// Chooses the exit that drafts for `speculative` and the ids that it proposes, by the tokens that each exit gave along full depth's
/// outputs.
///
/// A draft is right where its exit agrees with the last one and knows the id; drafts behind right ones see what full depth saw, so that
/// whole passes can be counted off the trace. The cost of a token is in bytes of weights, which is what a sentence alone waits for. Ids are
/// ranked by how often full depth gave them in one half of the sentences, and exits and numbers of ids by what they cost in the other.
public struct DraftSearch {
    /// What drafts of an exit come to.
    public struct Choice: Sendable, Equatable {
        /// The exit and its ids.
        public let drafting: ExitsConfiguration.Drafting
        /// The share of tokens on which the exit agrees with the last layer, 0 … 1.
        public let agreement: Double
        /// The share of tokens that are among the ids, 0 … 1.
        public let coverage: Double
        /// The number of drafts a pass that costs least; 0: none pays.
        public let drafts: Int
        /// Tokens a pass with so many.
        public let tokensPerPass: Double
        /// What a token costs as a share of what it costs at full depth.
        public let cost: Double
    }

    private let sentences: [ExitTrace]
    private let model: TranslationModel
    private let ranked: [Int]
    private let rankedByHalf: [Int]

    /// Numbers of ids that are tried, and all of them.
    private static let sizes = [256, 512, 1024, 2048, 4096, 8192]
    /// What a further row adds to the cost of a pass, as a share of it.
    private static let rowShare = 0.1
    /// Most drafts a pass that are tried.
    private static let mostDrafts = 8

    /// - Parameters:
    ///   - sentences: what every exit said (`ThresholdMeter.tokensOfExits`).
    ///   - model: whose they are, with at least two decoder layers.
    public init(_ sentences: [ExitTrace], _ model: TranslationModel) {
        precondition(model.decoderLayerCount > 1)
        self.sentences = sentences
        self.model = model
        ranked = Self.rank(sentences[...])
        rankedByHalf = Self.rank(sentences[..<(sentences.count / 2)])
    }

    /// The ids of full depth's outputs, the most frequent first, the lower id first among equals.
    private static func rank(_ sentences: ArraySlice<ExitTrace>) -> [Int] {
        var counts: [Int: Int] = [:]
        for trace in sentences {
            for position in trace.positions.indices {
                counts[trace.fullDepth(at: position), default: 0] += 1
            }
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }

    /// The cheapest choice of each exit 1 … N − 1, that of the side branch first where there is one.
    public func choices() -> [Choice] {
        (model.lowestExit..<model.decoderLayerCount).map { exit in
            let all = choice(exit, ids: nil)
            return Self.sizes.filter { $0 < ranked.count }.reduce(all) { best, size in
                let other = choice(exit, ids: size)
                return other.cost < best.cost ? other : best
            }
        }
    }

    private func choice(_ exit: Int, ids size: Int?) -> Choice {
        let known = size.map { Set(rankedByHalf.prefix($0)) }
        let tested = Array(sentences[(sentences.count / 2)...])
        let count = Double(max(tested.reduce(0) { $0 + $1.positions.count }, 1))
        let covered = tested.reduce(0) { sum, trace in
            sum
                + trace.positions.indices.count {
                    known?.contains(trace.fullDepth(at: $0)) ?? true
                }
        }
        let draftCost =
            Double(model.draftBytes(exit: exit, ids: size ?? model.vocabularySize))
            / Double(model.passBytes)
        var best = (drafts: 0, tokensPerPass: 1.0, cost: 1.0)
        for drafts in 1...Self.mostDrafts {
            let passes = tested.reduce(0) { $0 + passCount($1, exit, known, drafts) }
            let tokensPerPass = count / Double(max(passes, 1))
            let cost = (1 + Double(drafts) * (draftCost + Self.rowShare)) / tokensPerPass
            if cost < best.cost { best = (drafts, tokensPerPass, cost) }
        }
        return Choice(
            drafting: .init(exit: exit, ids: size.map { Array(ranked.prefix($0)) } ?? []),
            agreement: tested.agreement(ofExit: exit), coverage: Double(covered) / count,
            drafts: best.drafts, tokensPerPass: best.tokensPerPass, cost: best.cost)
    }

    /// Passes that an output takes where each has so many drafts.
    private func passCount(
        _ trace: ExitTrace, _ exit: Int, _ known: Set<Int>?, _ drafts: Int
    ) -> Int {
        var passes = 0
        var place = 0
        while place < trace.positions.count {
            passes += 1
            var accepted = 0
            while accepted < drafts, place + accepted < trace.positions.count - 1 {
                let next = place + accepted
                guard trace.agrees(exit: exit, at: next),
                    known?.contains(trace.fullDepth(at: next)) ?? true
                else { break }
                accepted += 1
            }
            place += accepted + 1
        }
        return passes
    }
}
