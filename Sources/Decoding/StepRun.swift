import Glibc
import Tensor
import TranslationModel

/// A token that may follow a hypothesis, with its log-probability.
typealias Continuation = (id: Int, value: Float)

/// One step of the batch while it climbs the layers: what is known of each row.
///
/// Used again for every step, so that its arrays keep their memory.
struct StepRun {
    /// What is known of a row.
    struct Row {
        let rule: ExitRule
        var depth: Int?
        /// The token that follows whatever the classifier says.
        let forced: Int?
        let continuationCount: Int
        let bannedID: Int?
        /// Whether anything but the best of all ids is wanted of the classifier where the row leaves.
        let needsScores: Bool
        let repetition: RepetitionRules
        /// What the decoder was fed, within the run's; empty where no rule asks for it.
        let inputs: Range<Int>
        /// Where the row left, 1 … N; 0 before it did.
        var exitLayer = 0
        /// The continuations worth looking at, within the run's: one for greedy search, 2 · beam otherwise.
        var continuations = 0..<0
        /// The ids that its confidence is asked about first, within the run's; empty: all ids are.
        var candidates = 0..<0
        /// False where the classifier gave something that is not a number.
        var isFinite = true
    }

    /// In the order of the sentences and of their live hypotheses.
    private(set) var rows: [Row] = []
    /// Of all rows: best first within a row, the lower id first among equals.
    private(set) var continuations: [Continuation] = []

    /// What is to be done with each active row.
    private var verdicts: [ExitQuestion] = []
    private var offsets: [Int] = []
    private var leaving: [Int] = []
    private var depths: [Int] = []
    private var stopLogits: [Float] = []
    /// Ids of all rows that stayed, and those of the rows that are asked about them.
    private var candidates: [Int] = []
    private var parts: [Range<Int>] = []
    private var best: [Continuation] = []
    /// Rows of which only the best id is wanted, what each must not be, and what it is.
    private var chosen: [Int] = []
    private var banned: [Int?] = []
    private var bests: [LogitRow.Best?] = []
    /// What the decoder was fed of the rows whose rules ask for it.
    private var inputs: [Int] = []

    /// What rounding can do to a probability among the candidates, with a wide margin: within it of the
    /// threshold all ids are asked.
    private static let roundingMargin = 1e-3
    /// The log-probability that most candidates have at least, log 0.001: the search for them starts there.
    private static let usualCandidate: Float = -6.9

    /// Forgets the step before and takes the rows of the next.
    mutating func begin(_ sentences: [Sentence], endOfSentence: Int) {
        rows.removeAll(keepingCapacity: true)
        continuations.removeAll(keepingCapacity: true)
        candidates.removeAll(keepingCapacity: true)
        inputs.removeAll(keepingCapacity: true)
        for sentence in sentences {
            for hypothesis in sentence.search.live {
                append(hypothesis, behind: 0, of: sentence, endOfSentence)
            }
            for (index, draft) in sentence.drafts.enumerated() {
                var hypothesis = sentence.search.live[0]
                hypothesis.length += index + 1
                hypothesis.input = draft.token
                append(hypothesis, behind: index + 1, of: sentence, endOfSentence)
            }
        }
    }

    /// Takes the row of a live hypothesis, or of one that some drafts lengthen.
    private mutating func append(
        _ hypothesis: LiveHypothesis, behind draftCount: Int, of sentence: Sentence,
        _ endOfSentence: Int
    ) {
        let first = inputs.count
        if sentence.search.repetition.areActive {
            var known = hypothesis
            known.length -= draftCount
            sentence.search.appendInputs(of: known, to: &inputs)
            inputs.append(contentsOf: sentence.drafts.prefix(draftCount).lazy.map(\.token))
        }
        let forced = sentence.search.forcedToken(after: hypothesis)
        let depth = sentence.givenExit(hypothesis) ?? sentence.depth
        rows.append(
            Row(
                rule: sentence.rule,
                depth: depth ?? (forced == nil ? nil : sentence.rule.bounds.upperBound),
                forced: forced, continuationCount: sentence.search.continuationCount,
                bannedID: sentence.search.bansEndOfSentence(after: hypothesis)
                    ? endOfSentence : nil,
                needsScores: sentence.search.needsScores || sentence.search.repetition.areActive
                    || sentence.candidateCount != nil,
                repetition: sentence.search.repetition, inputs: first..<inputs.count))
    }

    /// Finds out which active rows leave after layer `n`, takes their continuations, and makes them
    /// leave the step.
    mutating func decide(after n: Int, _ step: DecoderStep) {
        verdicts.removeAll(keepingCapacity: true)
        for index in step.active {
            verdicts.append(rows[index].rule.question(after: n, depth: rows[index].depth))
        }
        answerMultinomial(after: n, step)
        answerStopProbabilities(after: n, step)
        askCandidates(after: n, step)
        classify(after: n, step)
        step.leave(leaving)
    }

    /// Puts the offsets of the active rows whose verdict fits into `offsets`, ascending.
    private mutating func select(_ fits: (ExitQuestion) -> Bool) {
        offsets.removeAll(keepingCapacity: true)
        for (offset, verdict) in verdicts.enumerated() where fits(verdict) {
            offsets.append(offset)
        }
    }

    private mutating func answerMultinomial(after n: Int, _ step: DecoderStep) {
        select { if case .askMultinomial = $0 { true } else { false } }
        guard !offsets.isEmpty else { return }
        step.multinomialDepths(offsets, into: &depths)
        for (offset, depth) in zip(offsets, depths) {
            let index = step.active[offset]
            let exit = rows[index].rule.clamp(depth)
            rows[index].depth = exit
            verdicts[offset] = n >= exit ? .leave : .stay
        }
    }

    private mutating func answerStopProbabilities(after n: Int, _ step: DecoderStep) {
        select { if case .askStopProbability = $0 { true } else { false } }
        guard !offsets.isEmpty else { return }
        step.stopLogits(offsets, after: n, into: &stopLogits)
        for (offset, logit) in zip(offsets, stopLogits) {
            guard case .askStopProbability(let threshold) = verdicts[offset] else { continue }
            verdicts[offset] = sigmoid(Double(logit)) > threshold ? .leave : .stay
        }
    }

    /// Lets rows stay of whose candidates none reaches the threshold even among themselves.
    ///
    /// What is not a number does not stay, so that all ids are asked.
    private mutating func askCandidates(after n: Int, _ step: DecoderStep) {
        offsets.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        for (offset, verdict) in verdicts.enumerated() {
            let part = rows[step.active[offset]].candidates
            guard case .askClassifier = verdict, !part.isEmpty else { continue }
            offsets.append(offset)
            parts.append(part)
        }
        guard !offsets.isEmpty else { return }
        step.classify(offsets, among: candidates, parts, after: n)
        for (row, offset) in offsets.enumerated() {
            guard case .askClassifier(let threshold) = verdicts[offset] else { continue }
            let top = LogitRow(step.candidateLogits, row: row).top()
            if exp(Double(top.logProbability)) < threshold * (1 - Self.roundingMargin) {
                verdicts[offset] = .stay
            }
        }
    }

    /// Remembers the best ids of a row that stays, where its rule wants them and will ask again.
    ///
    /// Ids that cannot be emitted are not among them.
    private mutating func keepCandidates(
        _ top: LogitRow.Top, of logits: LogitRow, row index: Int, after n: Int
    ) {
        let rule = rows[index].rule
        guard let count = rule.candidates, n + 1 < rule.bounds.upperBound else { return }
        best.removeAll(keepingCapacity: true)
        logits.appendBest(count, from: top.logSumExp + Self.usualCandidate, to: &best)
        if best.count < count {
            best.removeAll(keepingCapacity: true)
            logits.appendBest(count, to: &best)
        }
        let first = candidates.count
        for (id, value) in best where value > -.infinity { candidates.append(id) }
        rows[index].candidates = first..<candidates.count
    }

    /// One product with the classifier for the rows that leave and those whose confidence decides; the
    /// offsets of those that leave are in `leaving` afterwards, ascending.
    private mutating func classify(after n: Int, _ step: DecoderStep) {
        leaving.removeAll(keepingCapacity: true)
        select {
            switch $0 {
            case .leave, .askClassifier: true
            case .stay, .askMultinomial, .askStopProbability: false
            }
        }
        takeForced(after: n, step)
        defer { leaving.sort() }
        if step.choosesExactly(after: n) { takeBests(after: n, step) }
        guard !offsets.isEmpty else { return }
        step.classify(offsets, after: n)
        for (row, offset) in offsets.enumerated() {
            let index = step.active[offset]
            let logits = step.logitRow(row)
            if let banned = rows[index].bannedID { logits.ban(banned) }
            let top = logits.top()
            // What is not a number leaves here, too: nothing above would mend it.
            if case .askClassifier(let threshold) = verdicts[offset],
                top.logProbability.isFinite, exp(Double(top.logProbability)) < threshold
            {
                keepCandidates(top, of: logits, row: index, after: n)
                continue
            }
            take(top, of: logits, row: index, exitLayer: n)
            leaving.append(offset)
        }
    }

    /// Lets rows leave of which only the best id is wanted.
    private mutating func takeBests(after n: Int, _ step: DecoderStep) {
        chosen.removeAll(keepingCapacity: true)
        banned.removeAll(keepingCapacity: true)
        var asked = 0
        for offset in offsets {
            let row = rows[step.active[offset]]
            if case .leave = verdicts[offset], !row.needsScores {
                chosen.append(offset)
                banned.append(row.bannedID)
            } else {
                offsets[asked] = offset
                asked += 1
            }
        }
        guard !chosen.isEmpty else { return }
        offsets.removeLast(offsets.count - asked)
        step.choose(chosen, banned: banned, after: n, into: &bests)
        for (offset, best) in zip(chosen, bests) {
            let index = step.active[offset]
            rows[index].isFinite = best?.value.isFinite == true
            rows[index].exitLayer = n
            rows[index].continuations = continuations.count..<continuations.count + 1
            continuations.append((best?.id ?? 0, 0))
            leaving.append(offset)
        }
    }

    /// Lets rows leave whose token is forced: no classifier is asked about them.
    private mutating func takeForced(after n: Int, _ step: DecoderStep) {
        var asked = 0
        for offset in offsets {
            let index = step.active[offset]
            guard let forced = rows[index].forced else {
                offsets[asked] = offset
                asked += 1
                continue
            }
            rows[index].continuations = continuations.count..<continuations.count + 1
            continuations.append((forced, 0))
            rows[index].exitLayer = n
            leaving.append(offset)
        }
        offsets.removeLast(offsets.count - asked)
    }

    /// Keeps the continuations that the classifier gives a row, changed by the rules against repetitions.
    private mutating func take(
        _ top: LogitRow.Top, of logits: LogitRow, row index: Int, exitLayer: Int
    ) {
        let first = continuations.count
        let isGreedy = rows[index].continuationCount == 1
        if isGreedy {
            let best = rows[index].repetition.areActive ? changedTop(top, of: logits, index) : top
            continuations.append((best.id, best.logProbability))
        } else {
            logits.subtract(top.logSumExp)
            if rows[index].repetition.areActive { change(logits, index) }
            logits.appendBest(rows[index].continuationCount, to: &continuations)
            if rows[index].repetition.areActive { keepOne(top, from: first) }
        }
        rows[index].isFinite = top.logProbability.isFinite
        rows[index].exitLayer = exitLayer
        rows[index].continuations = first..<continuations.count
    }

    private mutating func change(_ scores: LogitRow, _ index: Int) {
        let inputs = inputs[rows[index].inputs]
        rows[index].repetition.apply(to: scores, after: inputs, &best)
    }

    /// The best of changed logits; where bans leave none, the best all the same.
    private mutating func changedTop(
        _ top: LogitRow.Top, of logits: LogitRow, _ index: Int
    ) -> LogitRow.Top {
        change(logits, index)
        let changed = logits.top()
        return changed.logProbability.isFinite ? changed : top
    }

    /// Lets the best go on where bans leave no continuation.
    private mutating func keepOne(_ top: LogitRow.Top, from first: Int) {
        guard continuations.count == first || continuations[first].value == -.infinity else {
            return
        }
        continuations.removeLast(continuations.count - first)
        continuations.append((top.id, top.logProbability))
    }
}
