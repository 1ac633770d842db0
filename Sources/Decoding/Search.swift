import TranslationModel

/// A live hypothesis: the end of what it has produced, and the decoder's node that its next step
/// extends.
struct LiveHypothesis {
    /// Its last token within the search's history; nil where it has none.
    var last: Int32?
    /// Tokens so far.
    var length = 0
    /// The decoder's node of the next position.
    var node: Int32
    /// Next input: the last token, or what decoding starts from (`ModelConfiguration.decoderStartID`).
    var input: Int?
    /// Σ log p in double.
    var sum = 0.0

    /// The next position, 1 for the first.
    var position: Int { length + 1 }

    /// Σ log p / length^α.
    func score(_ lengthPenalty: Double) -> Double { sum / lengthFactor(length, lengthPenalty) }
}

/// The search of one sentence: which hypotheses live, which have finished.
///
/// Greedy search is the beam of one whose step ends at the first end of sentence; wider beams follow
/// method.md §3. A step allocates nothing but room for its tokens, once there is none left.
struct Search {
    private(set) var live: [LiveHypothesis]
    private var survivors: [LiveHypothesis] = []
    private var candidates: [Candidate] = []
    /// By score; among equals the one that finished earlier first.
    private var finished: [Hypothesis] = []
    /// Every token that some hypothesis holds or held, with the one before it.
    private var history: [(token: DecodedToken, previous: Int32?)] = []
    /// For each of them the source position that it was made from; empty unless that is asked for.
    private var sources: [Int32] = []
    private let options: DecodingOptions
    private let startID: Int?
    /// Whether its tokens are given out one by one, so that none can be taken back.
    private let reportsTokens: Bool
    private let maximumTokens: Int
    private let endOfSentence: Int

    /// A search that has produced nothing yet.
    ///
    /// - Parameters:
    ///   - options: how to search.
    ///   - limits: longest output, and the id that ends one before.
    ///   - start: input of the first step, and its node.
    ///   - reportsTokens: whether its tokens are given out one by one.
    init(
        _ options: DecodingOptions, limits: (tokens: Int, endOfSentence: Int),
        start: (id: Int?, node: Int32), reportsTokens: Bool
    ) {
        self.options = options
        self.reportsTokens = reportsTokens
        startID = start.id
        repetition = options.repetition
        maximumTokens = limits.tokens + options.prefix.count
        endOfSentence = limits.endOfSentence
        live = [LiveHypothesis(node: start.node, input: start.id)]
    }

    /// The token of the latest step, unless it was forced; of greedy search only, where it never changes again.
    var newestToken: DecodedToken? {
        options.beamSize == 1 && history.count > options.prefix.count ? history.last?.token : nil
    }

    /// The token that has to follow a hypothesis, where one has to.
    func forcedToken(after hypothesis: LiveHypothesis) -> Int? {
        hypothesis.length < options.prefix.count ? options.prefix[hypothesis.length] : nil
    }

    /// Whether the rows of its hypotheses are aligned.
    var isAligned: Bool { options.aligns }

    /// What is done against repetitions.
    let repetition: RepetitionRules

    /// Appends what the decoder was fed of a hypothesis so far, what decoding starts from first.
    func appendInputs(of hypothesis: LiveHypothesis, to inputs: inout [Int?]) {
        inputs.append(startID)
        let first = inputs.count
        inputs.append(contentsOf: repeatElement(nil, count: hypothesis.length))
        forEachToken(of: hypothesis) { inputs[first + $0] = $1 }
    }

    /// Appends the ids that the decoder was fed of a hypothesis so far, the start token first.
    func appendInputs(of hypothesis: LiveHypothesis, to ids: inout [Int]) {
        if let startID { ids.append(startID) }
        let first = ids.count
        ids.append(contentsOf: repeatElement(endOfSentence, count: hypothesis.length))
        forEachToken(of: hypothesis) { ids[first + $0] = $1 }
    }

    /// Tells the place and the id of each token of a hypothesis, the last one first.
    private func forEachToken(of hypothesis: LiveHypothesis, _ body: (Int, Int) -> Void) {
        var index = hypothesis.last
        var place = hypothesis.length - 1
        while let token = index {
            body(place, history[Int(token)].token.id)
            index = history[Int(token)].previous
            place -= 1
        }
    }

    /// Whether log-probabilities are wanted: a beam ranks by them.
    var needsScores: Bool { options.scores || options.beamSize > 1 }

    /// How many continuations of each row a step looks at.
    var continuationCount: Int { options.beamSize == 1 ? 1 : 2 * options.beamSize }

    /// Whether end of sentence is banned at the position behind a hypothesis.
    func bansEndOfSentence(after hypothesis: LiveHypothesis) -> Bool {
        hypothesis.length < options.prefix.count + options.minimumTokens
    }

    /// Most tokens that may be drafted behind the only live hypothesis: the last position needs none, and forced tokens come first.
    var draftRoom: Int {
        guard options.beamSize == 1, !options.aligns, options.givenExits == nil,
            let hypothesis = live.first,
            hypothesis.length >= options.prefix.count
        else { return 0 }
        return maximumTokens - hypothesis.length - 1
    }

    /// Whether a token would end the output.
    func ends(with token: Int) -> Bool { token == endOfSentence }

    /// Takes what a step found and moves on.
    ///
    /// - Parameters:
    ///   - run: the step.
    ///   - first: its row of the first live hypothesis.
    ///   - step: what ran it.
    ///   - state: the decoder's state of the sentence.
    ///   - draft: the token that the only live hypothesis was expected to be followed by, whose node it then goes on with.
    /// - Returns: the hypotheses returned at the end of the search, nil while it goes on.
    mutating func advance(
        _ run: StepRun, firstRow first: Int, _ step: DecoderStep, _ state: DecoderState,
        expecting draft: Draft? = nil
    ) -> [Hypothesis]? {
        rank(run, first, draft)
        chooseSurvivors(step, first)
        if survivors.isEmpty || survivors[0].length >= maximumTokens {
            for hypothesis in survivors { finish(hypothesis, .length) }
            return Array(finished.prefix(options.hypothesisCount))
        }
        if isDecided { return Array(finished.prefix(options.hypothesisCount)) }
        extend(state, draft)
        return nil
    }

    /// One token more for a live hypothesis.
    private struct Candidate {
        let row: Int
        let token: DecodedToken
        /// The layer whose classifier chose it.
        let exit: Int
        let sum: Double

        /// Ties: the hypothesis ranked higher at the previous step, then the lowest id.
        func isBetter(than other: Candidate) -> Bool {
            if sum != other.sum { return sum > other.sum }
            return row != other.row ? row < other.row : token.id < other.token.id
        }
    }

    /// The best `continuationCount` continuations over all live hypotheses by Σ log p.
    private mutating func rank(_ run: StepRun, _ first: Int, _ draft: Draft?) {
        candidates.removeAll(keepingCapacity: true)
        for row in live.indices {
            let outcome = run.rows[first + row]
            for (id, value) in run.continuations[outcome.continuations] where value > -.infinity {
                let exit = id == draft?.token ? draft?.exit : nil
                insert(
                    Candidate(
                        row: row,
                        token: DecodedToken(
                            id: id, exitLayer: exit ?? outcome.exitLayer, logProbability: value),
                        exit: outcome.exitLayer, sum: live[row].sum + Double(value)))
            }
        }
    }

    private mutating func insert(_ candidate: Candidate) {
        var place = candidates.count
        while place > 0, candidate.isBetter(than: candidates[place - 1]) { place -= 1 }
        guard place < continuationCount else { return }
        if candidates.count == continuationCount { candidates.removeLast() }
        candidates.insert(candidate, at: place)
    }

    /// An end of sentence finishes only within the first `beam` candidates; the best `beam` others live
    /// on.
    private mutating func chooseSurvivors(_ step: DecoderStep, _ first: Int) {
        survivors.removeAll(keepingCapacity: true)
        for (rank, candidate) in candidates.enumerated() where survivors.count < options.beamSize {
            let isEnd = candidate.token.id == endOfSentence
            if isEnd, rank >= options.beamSize { continue }
            var next = live[candidate.row]
            history.append((candidate.token, next.last))
            if options.aligns {
                let source = step.alignedSource(
                    ofRow: first + candidate.row, token: candidate.token.id,
                    exit: candidate.exit, among: options.sourcePieces)
                sources.append(Int32(source))
            }
            next.last = Int32(history.count - 1)
            next.length += 1
            next.input = candidate.token.id
            next.sum = candidate.sum
            if isEnd { finish(next, .endOfSentence) } else { survivors.append(next) }
        }
    }

    private mutating func finish(_ hypothesis: LiveHypothesis, _ reason: FinishReason) {
        var tokens: [DecodedToken] = []
        tokens.reserveCapacity(hypothesis.length)
        var index = hypothesis.last
        while let place = index {
            tokens.append(history[Int(place)].token)
            index = history[Int(place)].previous
        }
        tokens.reverse()
        tokens.removeFirst(min(options.prefix.count, tokens.count))
        let score = hypothesis.score(options.lengthPenalty)
        let place = finished.firstIndex { $0.score < score } ?? finished.count
        let done = Hypothesis(
            tokens: tokens, score: score, finishReason: reason, alignment: alignment(of: hypothesis)
        )
        finished.insert(reason == .length ? withoutLoop(done) : done, at: place)
    }

    /// The same without the repeated copies of a loop that it ends in.
    private func withoutLoop(_ hypothesis: Hypothesis) -> Hypothesis {
        guard options.cutsLoops, let kept = LoopGuard.keptCount(of: hypothesis.tokens.map(\.id)),
            kept >= options.minimumTokens
        else { return hypothesis }
        let count = reportsTokens ? hypothesis.tokens.count : kept
        return Hypothesis(
            tokens: Array(hypothesis.tokens.prefix(count)), score: hypothesis.score,
            finishReason: .repetition,
            alignment: hypothesis.alignment.map { Array($0.prefix(count)) })
    }

    private func alignment(of hypothesis: LiveHypothesis) -> [Int]? {
        guard options.aligns else { return nil }
        var alignment: [Int] = []
        var index = hypothesis.last
        while let place = index {
            alignment.append(Int(sources[Int(place)]))
            index = history[Int(place)].previous
        }
        return alignment.reversed().dropFirst(options.prefix.count).map(\.self)
    }

    /// Enough have finished, and no live hypothesis, at its present sum and length, scores above the
    /// worst of the best `beam`.
    private var isDecided: Bool {
        guard finished.count >= options.beamSize else { return false }
        let worst = finished[options.beamSize - 1].score
        return !survivors.contains { $0.score(options.lengthPenalty) > worst }
    }

    /// Gives each survivor a node of its own and lets go of the hypotheses that nothing continues.
    private mutating func extend(_ state: DecoderState, _ draft: Draft?) {
        for index in survivors.indices {
            if let draft, survivors[index].input == draft.token {
                survivors[index].node = draft.node
            } else {
                survivors[index].node = state.append(after: survivors[index].node)
            }
        }
        for hypothesis in live { state.release(hypothesis.node) }
        swap(&live, &survivors)
    }
}
