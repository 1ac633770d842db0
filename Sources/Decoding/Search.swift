import TranslationModel

/// A live hypothesis: what it has produced, and the path of decoder nodes that its next step extends.
struct LiveHypothesis {
    var tokens: [DecodedToken] = []
    /// Nodes of the inputs so far; the last one belongs to `input`.
    var path: [Int32]
    /// Next input: the last token, or the start token.
    var input: Int
    /// Σ log p in double.
    var sum = 0.0

    func finished(_ reason: FinishReason, lengthPenalty: Double) -> Hypothesis {
        Hypothesis(tokens: tokens, score: score(lengthPenalty), finishReason: reason)
    }

    /// Σ log p / length^α.
    func score(_ lengthPenalty: Double) -> Double {
        sum / lengthFactor(tokens.count, lengthPenalty)
    }

    func appending(_ token: DecodedToken) -> LiveHypothesis {
        var next = self
        next.tokens.append(token)
        next.input = token.id
        next.sum += Double(token.logProbability)
        return next
    }
}

/// What a search learns of one live hypothesis in a step: the continuations worth looking at.
struct RowOutcome {
    /// Best first, the lower id first among equals.
    ///
    /// One for greedy search, 2 · beam otherwise.
    var continuations: [(id: Int, value: Float)] = []
    /// Where the row left, 1 … N.
    var exitLayer = 0
}

/// The search of one sentence: which hypotheses live, which have finished.
///
/// Greedy search is the beam of one whose step ends at the first end of sentence; wider beams follow
/// method.md §3.
struct Search {
    private(set) var live: [LiveHypothesis]
    private var finished: [Hypothesis] = []
    private let options: DecodingOptions
    private let maximumTokens: Int
    private let endOfSentence: Int

    /// A search that has produced nothing yet.
    ///
    /// - Parameters:
    ///   - options: how to search.
    ///   - limits: longest output, and the id that ends one before.
    ///   - start: input of the first step, and its node.
    init(
        _ options: DecodingOptions, limits: (tokens: Int, endOfSentence: Int),
        start: (id: Int, node: Int32)
    ) {
        self.options = options
        maximumTokens = limits.tokens
        endOfSentence = limits.endOfSentence
        live = [LiveHypothesis(path: [start.node], input: start.id)]
    }

    /// How many continuations of each row a step looks at.
    var continuationCount: Int { options.beamSize == 1 ? 1 : 2 * options.beamSize }

    /// Whether end of sentence is banned at the next position.
    var bansEndOfSentence: Bool { (live.first?.tokens.count ?? 0) < options.minimumTokens }

    /// Takes the outcomes of a step, one for each live hypothesis, and moves on.
    ///
    /// - Returns: the hypotheses returned at the end of the search, nil while it goes on.
    mutating func advance(_ outcomes: [RowOutcome], _ state: DecoderState) -> [Hypothesis]? {
        let (survivors, ended) = rank(outcomes)
        finished += ended.map { $0.finished(.endOfSentence, lengthPenalty: options.lengthPenalty) }
        if survivors.isEmpty || (survivors[0].tokens.count >= maximumTokens) {
            finished += survivors.map { $0.finished(.length, lengthPenalty: options.lengthPenalty) }
            return best()
        }
        if isDecided(survivors) { return best() }
        extend(survivors, state)
        return nil
    }

    /// The best 2 · beam continuations over all live hypotheses by Σ log p: an end of sentence finishes
    /// only within the first `beam` of them, the best `beam` others live on.
    private func rank(_ outcomes: [RowOutcome]) -> (live: [LiveHypothesis], ended: [LiveHypothesis])
    {
        let candidates = bestCandidates(outcomes)
        var survivors: [LiveHypothesis] = []
        var ended: [LiveHypothesis] = []
        for (rank, candidate) in candidates.enumerated() where survivors.count < options.beamSize {
            let next = live[candidate.row].appending(candidate.token)
            if candidate.token.id == endOfSentence {
                if rank < options.beamSize { ended.append(next) }
            } else {
                survivors.append(next)
            }
        }
        return (survivors, ended)
    }

    private struct Candidate {
        let row: Int
        let token: DecodedToken
        let sum: Double
    }

    /// Ties: the hypothesis ranked higher at the previous step, then the lowest id.
    private func bestCandidates(_ outcomes: [RowOutcome]) -> ArraySlice<Candidate> {
        var candidates: [Candidate] = []
        for (row, outcome) in outcomes.enumerated() {
            for (id, logProbability) in outcome.continuations where logProbability > -.infinity {
                let token = DecodedToken(
                    id: id, exitLayer: outcome.exitLayer, logProbability: logProbability)
                candidates.append(
                    Candidate(row: row, token: token, sum: live[row].sum + Double(logProbability)))
            }
        }
        candidates.sort {
            if $0.sum != $1.sum { return $0.sum > $1.sum }
            if $0.row != $1.row { return $0.row < $1.row }
            return $0.token.id < $1.token.id
        }
        return candidates.prefix(continuationCount)
    }

    /// Enough have finished, and no live hypothesis, at its present sum and length, scores above the
    /// worst of the best `beam`.
    private func isDecided(_ survivors: [LiveHypothesis]) -> Bool {
        guard finished.count >= options.beamSize else { return false }
        let worst = sortedFinished()[options.beamSize - 1].score
        return !survivors.contains { $0.score(options.lengthPenalty) > worst }
    }

    /// By score; among equals the one that finished earlier.
    private func sortedFinished() -> [Hypothesis] {
        finished.enumerated().sorted {
            $0.element.score != $1.element.score
                ? $0.element.score > $1.element.score : $0.offset < $1.offset
        }.map(\.element)
    }

    private func best() -> [Hypothesis] {
        Array(sortedFinished().prefix(options.hypothesisCount))
    }

    /// Gives each survivor a node of its own and lets go of the hypotheses that nothing continues.
    private mutating func extend(_ survivors: [LiveHypothesis], _ state: DecoderState) {
        let old = live
        live = survivors.map { hypothesis in
            var next = hypothesis
            next.path.append(state.appendNode(after: hypothesis.path))
            return next
        }
        for hypothesis in old { state.release(hypothesis.path) }
    }
}
