import Checkpoint
import System
import Tensor
import TranslationModel

/// A sentence in the batch.
final class Sentence {
    let ticket: BatchDecoder.Ticket
    let state: DecoderState
    var search: Search
    let rule: ExitRule
    /// The exit of all its tokens, where that is known before the first layer.
    let depth: Int?
    let givenExits: DecodingOptions.GivenExits?
    let reportsTokens: Bool
    /// Ids that its tokens are chosen from; nil: all.
    let candidateCount: Int?
    /// Bytes of weights that a token at full depth reads.
    private let passBytes: Int

    /// Tokens that are expected to follow the only live hypothesis, in order.
    private(set) var drafts: [Draft] = []
    /// What was proposed in this step, whether or not it became a draft.
    private(set) var proposals: [DecoderStep.Proposal] = []
    /// Rows of this step that went through layers 1 … `draftExit` for drafts.
    private var draftedRows = 0
    private var draftExit = 0
    /// The probability that all drafts are right.
    private(set) var reach = 1.0
    /// Whether another draft may follow.
    private(set) var mayDraft = false
    /// What the side branch has read of the output; nil where it has not drafted for it.
    private var branchPath: BranchPath?
    /// What the decoder was fed so far, drafts included; of use while the branch drafts.
    private var known: [Int?] = []
    /// What its output is expected to be; nil where nobody says.
    private var expected: ExpectedOutput?
    /// Drafts of this step that are what is expected.
    private var expectedCount = 0
    /// What the latest step added to greedy search.
    private(set) var newTokens: [DecodedToken] = []
    var count = SpeculationCount()

    init(
        ticket: BatchDecoder.Ticket, state: DecoderState, search: Search,
        depth: Int?, options: DecodingOptions, reportsTokens: Bool, passBytes: Int
    ) {
        self.ticket = ticket
        self.state = state
        self.search = search
        rule = options.exit
        self.depth = depth
        givenExits = options.givenExits
        candidateCount = options.candidates.isEmpty ? nil : options.candidates.count
        let isExpected = rule.policy.makesDrafts && !options.expected.isEmpty
        expected = isExpected ? ExpectedOutput(options.expected) : nil
        self.reportsTokens = reportsTokens
        self.passBytes = passBytes
    }

    /// The given exit of a hypothesis' next token.
    ///
    /// A drawn one follows from the sentence's length, the
    /// position and the token before, so that it does not depend on the batch.
    func givenExit(_ hypothesis: LiveHypothesis) -> Int? {
        switch givenExits {
        case nil: return nil
        case .listed(let exits):
            guard let last = exits.last else { return nil }
            let index = hypothesis.position - 1
            return rule.clamp(index < exits.count ? exits[index] : last)
        case .drawn(let seed):
            var random = SplitMix64(
                key: seed, UInt64(state.source.rows), UInt64(hypothesis.position),
                hypothesis.input.map(UInt64.init) ?? .max)
            return Int.random(in: rule.bounds, using: &random)
        }
    }

    /// Rows of the step: its live hypotheses, and those that drafts lengthen.
    var rowCount: Int { search.live.count + drafts.count }

    /// The layers that a row of the step went through while tokens were drafted.
    func entry(ofRow row: Int) -> Int { row < draftedRows ? draftExit : 0 }

    /// Takes what a step found and moves on, as far as drafts were right.
    ///
    /// - Parameters:
    ///   - run: the step.
    ///   - first: its first row of this sentence.
    ///   - step: what ran it.
    /// - Returns: the result where this was the last step.
    func advance(
        _ run: StepRun, firstRow first: Int, _ step: DecoderStep
    ) -> Result<DecodingResult, DecodingError>? {
        newTokens.removeAll(keepingCapacity: true)
        defer {
            followExpected()
            drafts.removeAll(keepingCapacity: true)
        }
        var row = first
        while true {
            let rows = row..<row + search.live.count
            if let failed = rows.first(where: { !run.rows[$0].isFinite }) {
                return .failure(.notFinite(layer: run.rows[failed].exitLayer))
            }
            if row > first { step.countFullDepth(ofRow: row) }
            let draft = row - first < drafts.count ? drafts[row - first] : nil
            let end = search.advance(run, firstRow: row, step, state, expecting: draft)
            if let token = search.newestToken { newTokens.append(token) }
            let isRight = draft != nil && newTokens.last?.id == draft?.token
            if isRight { count.accepted += 1 }
            count.weightBytesFullDepth += passBytes
            if let end { return .success(result(end)) }
            guard isRight else { break }
            row += 1
        }
        for draft in drafts.dropFirst(row - first) { state.release(draft.node) }
        return nil
    }

    /// Compares what was produced with what was expected.
    private func followExpected() {
        guard expected != nil else { return }
        if expectedCount > 0 {
            let right = zip(drafts, newTokens).prefix { $0.token == $1.id }.count
            expected?.learn(right: right, of: expectedCount)
        }
        for token in newTokens { expected?.follow(token.id) }
    }

    private func result(_ hypotheses: [Hypothesis]) -> DecodingResult {
        var operations = state.operations
        operations.executed += branchPath?.state.operations.executed ?? 0
        var result = DecodingResult(hypotheses: hypotheses, operations: operations)
        if rule.policy.makesDrafts { result.speculation = count }
        result.candidates = candidateCount
        return result
    }
}

/// A token that is expected to follow, and what feeds it in.
struct Draft {
    /// Target id.
    let token: Int
    /// The exit that proposed it.
    let exit: Int
    /// The node of the position behind it.
    let node: Int32
}

// What the drafter does.
extension Sentence {
    /// Starts a step that nothing is drafted for yet.
    func beginDrafts() {
        drafts.removeAll(keepingCapacity: true)
        proposals.removeAll(keepingCapacity: true)
        draftedRows = 0
        reach = 1
        expectedCount = 0
        mayDraft = rule.policy.makesDrafts && draftLimit > 0
    }

    /// Most tokens that may be drafted now.
    private var draftLimit: Int {
        min(search.draftRoom, rule.drafts ?? ExitRule.maximumDrafts)
    }

    /// The row that the next draft follows.
    var draftRow: DecoderRow {
        let last = drafts.last
        return DecoderRow(
            state: state, token: last?.token ?? search.live[0].input,
            node: last?.node ?? search.live[0].node, isCertain: false)
    }

    /// Appends the rows of a side branch's step that proposes what follows `draftRow`; the last one proposes.
    ///
    /// - Parameters:
    ///   - step: the branch's.
    ///   - rows: receives at least one.
    func readInBranch(_ step: DecoderStep, into rows: inout [DecoderRow]) {
        known.removeAll(keepingCapacity: true)
        search.appendInputs(of: search.live[0], to: &known)
        known.append(contentsOf: drafts.lazy.map(\.token))
        if branchPath == nil {
            branchPath = BranchPath(DecoderState(source: state.source, in: step))
        }
        branchPath?.read(known, into: &rows)
    }

    /// Drafts what is expected to follow, as far as that pays; nothing more is drafted then.
    ///
    /// - Parameter economics: what is known of drafts; learns of the rows that are added.
    func takeExpected(_ economics: inout DraftEconomics) {
        guard let expected, mayDraft else { return }
        var next = reach
        for token in expected.next.prefix(draftLimit) {
            next *= expected.acceptance
            let isWorthIt = rule.drafts != nil || economics.isWorthVerifying(reach: next)
            guard isWorthIt, !search.ends(with: token) else { break }
            let node = state.append(after: draftRow.node)
            drafts.append(Draft(token: token, exit: rule.bounds.upperBound, node: node))
            economics.addRow()
        }
        expectedCount = drafts.count
        if expectedCount > 0 { mayDraft = false }
    }

    /// Takes what is proposed to follow `draftRow`.
    ///
    /// - Parameters:
    ///   - proposal: what the head for drafts says.
    ///   - exit: the layer that it was asked after.
    ///   - economics: what is known of drafts.
    /// - Returns: whether it became a draft.
    func take(
        _ proposal: DecoderStep.Proposal, exit: Int, _ economics: DraftEconomics
    ) -> Bool {
        draftExit = exit
        draftedRows += 1
        proposals.append(proposal)
        reach *= economics.acceptance(ofProbability: proposal.probability)
        let isWorthIt = rule.drafts != nil || economics.isWorthVerifying(reach: reach)
        guard isWorthIt, !search.ends(with: proposal.id) else {
            mayDraft = false
            return false
        }
        let node = state.append(after: draftRow.node)
        drafts.append(Draft(token: proposal.id, exit: exit, node: node))
        mayDraft = drafts.count < draftLimit
        return true
    }
}
