import Checkpoint
public import System
public import Tensor
public import TranslationModel

/// Decodes many sentences at once: sentences join between steps, each step runs every live hypothesis
/// of every sentence through the layers, and rows drop out of a layer's batch as they leave.
///
/// A sentence's result does not depend on what shares its batch. Sentences that the side branch decodes have steps of their own. Belongs to
/// one worker.
public final class BatchDecoder {
    /// Names a sentence until it is finished or removed.
    public typealias Ticket = Int

    private let model: TranslationModel
    private let step: DecoderStep
    private var run = StepRun()
    private var drafter: Drafter
    private let passBytes: Int
    private var rows: [DecoderRow] = []
    private var sentences: [Sentence] = []
    private var nextTicket: Ticket = 0
    /// Decodes with the side branch; made with the first sentence that leaves there.
    private var branchDecoder: BatchDecoder?

    /// What the latest step added to the sentences that report their tokens.
    public private(set) var newTokens: [(ticket: Ticket, token: DecodedToken)] = []

    /// A decoder with its own working memory.
    public init(model: TranslationModel) {
        self.model = model
        step = DecoderStep(for: model)
        drafter = Drafter(for: model)
        passBytes = model.passBytes
    }

    /// Sentences being decoded.
    public var sentenceCount: Int { sentences.count + (branchDecoder?.sentenceCount ?? 0) }

    /// Live hypotheses of all sentences, the rows of the next step.
    public var rowCount: Int {
        sentences.reduce(branchDecoder?.rowCount ?? 0) { $0 + $1.search.live.count }
    }

    /// Bytes of working memory that grew with the largest batch seen; given back with the decoder.
    public var byteCount: Int {
        step.byteCount + drafter.byteCount + (branchDecoder?.byteCount ?? 0)
    }

    /// Rows multiplied by each of the network's decoder layers since the start, layer 1 first.
    public var layerRows: [Int] { step.layerRows }

    /// Takes a sentence into the batch; it takes part from the next step on.
    ///
    /// - Parameters:
    ///   - source: its encoder states [S, d].
    ///   - options: how to decode it; `options.exit` may ask only heads, and a side branch, that the model has.
    ///   - reportsTokens: whether `newTokens` is to hold what each step adds; of greedy search only, for
    ///     a beam may drop what it had.
    /// - Returns: the ticket under which its result will come.
    public func add(
        source: Matrix, options: DecodingOptions, reportsTokens: Bool = false
    ) -> Ticket {
        let ticket = nextTicket
        nextTicket += 1
        guard options.exit.usesBranch, options.givenExits == nil else {
            add(ticket, source, options, reportsTokens)
            return ticket
        }
        guard let branch = model.branch else { preconditionFailure("the model has no side branch") }
        let decoder = branchDecoder ?? BatchDecoder(model: branch)
        branchDecoder = decoder
        var inBranch = options
        inBranch.exit = ExitRule(.full, layerCount: branch.decoderLayerCount)
        decoder.add(ticket, source, inBranch, reportsTokens)
        return ticket
    }

    private func add(
        _ ticket: Ticket, _ source: Matrix, _ options: DecodingOptions, _ reportsTokens: Bool
    ) {
        let state = DecoderState(source: source, candidates: options.candidates, in: step)
        let c = model.configuration
        let maximum = options.limit(
            sourceCount: source.rows, maximumPositions: c.maximumPositions - options.prefix.count)
        let search = Search(
            options, limits: (maximum, c.endOfSentenceID),
            start: (c.decoderStartID, state.append(after: nil)), reportsTokens: reportsTokens)
        let sentence = Sentence(
            ticket: ticket, state: state, search: search,
            depth: options.givenExits == nil ? initialDepth(options.exit, state) : nil,
            options: options, reportsTokens: reportsTokens,
            passBytes: passBytes)
        sentences.append(sentence)
    }

    /// Drops a sentence that nobody waits for any more.
    public func remove(_ ticket: Ticket) {
        sentences.removeAll { $0.ticket == ticket }
        branchDecoder?.remove(ticket)
    }

    /// Moves every live hypothesis of every sentence one token on, and where drafts are right several.
    ///
    /// - Parameter team: helps with large products; the calling thread has it.
    /// - Returns: what has finished with this step.
    public func advance(
        helpedBy team: ThreadTeam? = nil
    ) -> [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] {
        newTokens.removeAll(keepingCapacity: true)
        var done = sentences.isEmpty ? [] : advanceOwn(helpedBy: team)
        guard let branchDecoder, branchDecoder.sentenceCount > 0 else { return done }
        for (ticket, result) in branchDecoder.advance(helpedBy: team) {
            done.append((ticket, Self.leavingAtBranch(result)))
        }
        for (ticket, token) in branchDecoder.newTokens {
            newTokens.append((ticket, token.leavingAtBranch))
        }
        return done
    }

    /// What a side branch's own layers are called outside: exit 0.
    private static func leavingAtBranch(
        _ result: Result<DecodingResult, DecodingError>
    ) -> Result<DecodingResult, DecodingError> {
        switch result {
        case .success(let result): .success(result.leavingAtBranch)
        case .failure(.notFinite): .failure(.notFinite(layer: 0))
        }
    }

    private func advanceOwn(
        helpedBy team: ThreadTeam?
    ) -> [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] {
        step.team = team
        drafter.draft(for: sentences, step)
        run.begin(sentences, endOfSentence: model.configuration.endOfSentenceID)
        rows.removeAll(keepingCapacity: true)
        for sentence in sentences {
            for hypothesis in sentence.search.live {
                rows.append(
                    DecoderRow(
                        state: sentence.state, token: hypothesis.input, node: hypothesis.node,
                        isAligned: sentence.search.isAligned, entry: sentence.entry(ofRow: 0)))
            }
            for (index, draft) in sentence.drafts.enumerated() {
                rows.append(
                    DecoderRow(
                        state: sentence.state, token: draft.token, node: draft.node,
                        entry: sentence.entry(ofRow: index + 1), isCertain: false))
            }
        }
        drafter.measurePass(rows) {
            step.begin(rows)
            var n = 0
            while !step.isFinished {
                n += 1
                step.runLayer(n)
                run.decide(after: n, step)
            }
        }
        return collect()
    }

    private func collect() -> [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] {
        var done: [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] = []
        var firstRow = 0
        for index in sentences.indices {
            let first = firstRow
            let sentence = sentences[index]
            firstRow += sentence.rowCount
            if let result = sentence.advance(run, firstRow: first, step) {
                done.append((sentence.ticket, result))
            }
            if sentence.reportsTokens {
                for token in sentence.newTokens { newTokens.append((sentence.ticket, token)) }
            }
        }
        drafter.learn(from: sentences)
        if !done.isEmpty {
            let finished = Set(done.map(\.ticket))
            sentences.removeAll { finished.contains($0.ticket) }
        }
        return done
    }

    /// The exit of every token where the policy knows it before the first layer.
    private func initialDepth(_ rule: ExitRule, _ state: DecoderState) -> Int? {
        guard case .sentenceDepth = rule.decision else { return rule.constantDepth }
        guard let depth = model.sequenceDepth(of: state) else {
            preconditionFailure("the model has no sequence head")
        }
        return rule.clamp(depth)
    }
}
