import Checkpoint
public import System
public import Tensor
public import TranslationModel

/// Decodes many sentences at once: sentences join between steps, each step runs every live hypothesis
/// of every sentence through the layers, and rows drop out of a layer's batch as they leave.
///
/// A sentence's result does not depend on what shares its batch. Belongs to one worker.
public final class BatchDecoder {
    /// Names a sentence until it is finished or removed.
    public typealias Ticket = Int

    private let model: TranslationModel
    private let step: DecoderStep
    private var run = StepRun()
    private var rows: [DecoderRow] = []
    private var sentences: [Sentence] = []
    private var nextTicket: Ticket = 0

    /// What the latest step added to the sentences that report their tokens.
    public private(set) var newTokens: [(ticket: Ticket, token: DecodedToken)] = []

    /// A decoder with its own working memory.
    public init(model: TranslationModel) {
        self.model = model
        step = DecoderStep(for: model)
    }

    /// Sentences being decoded.
    public var sentenceCount: Int { sentences.count }

    /// Live hypotheses of all sentences, the rows of the next step.
    public var rowCount: Int { sentences.reduce(0) { $0 + $1.search.live.count } }

    /// Bytes of working memory that grew with the largest batch seen; given back with the decoder.
    public var byteCount: Int { step.byteCount }

    /// Rows multiplied by each decoder layer since the start, layer 1 first.
    public var layerRows: [Int] { step.layerRows }

    /// Takes a sentence into the batch; it takes part from the next step on.
    ///
    /// - Parameters:
    ///   - source: its encoder states [S, d].
    ///   - options: how to decode it; `options.exit` may ask only heads that the model has.
    ///   - reportsTokens: whether `newTokens` is to hold what each step adds; of greedy search only, for
    ///     a beam may drop what it had.
    /// - Returns: the ticket under which its result will come.
    public func add(
        source: Matrix, options: DecodingOptions, reportsTokens: Bool = false
    ) -> Ticket {
        let state = DecoderState(source: source, in: step)
        let c = model.configuration
        let maximum = options.limit(
            sourceCount: source.rows, maximumPositions: c.maximumPositions - options.prefix.count)
        let search = Search(
            options, limits: (maximum, c.endOfSentenceID),
            start: (c.decoderStartID, state.append(after: nil)), reportsTokens: reportsTokens)
        let sentence = Sentence(
            ticket: nextTicket, state: state, search: search, rule: options.exit,
            depth: options.givenExits == nil ? initialDepth(options.exit, state) : nil,
            givenExits: options.givenExits, reportsTokens: reportsTokens)
        sentences.append(sentence)
        nextTicket += 1
        return sentence.ticket
    }

    /// Drops a sentence that nobody waits for any more.
    public func remove(_ ticket: Ticket) {
        sentences.removeAll { $0.ticket == ticket }
    }

    /// Moves every live hypothesis of every sentence one token on.
    ///
    /// - Parameter team: helps with large products; the calling thread has it.
    /// - Returns: what has finished with this step.
    public func advance(
        helpedBy team: ThreadTeam? = nil
    ) -> [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] {
        step.team = team
        run.begin(sentences, endOfSentence: model.configuration.endOfSentenceID)
        rows.removeAll(keepingCapacity: true)
        for sentence in sentences {
            for hypothesis in sentence.search.live {
                rows.append(
                    DecoderRow(
                        state: sentence.state, token: hypothesis.input, node: hypothesis.node,
                        isAligned: sentence.search.isAligned))
            }
        }
        step.begin(rows)
        var n = 0
        while !step.active.isEmpty {
            n += 1
            step.runLayer(n)
            run.decide(after: n, step)
        }
        return collect()
    }

    private func collect() -> [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] {
        var done: [(ticket: Ticket, result: Result<DecodingResult, DecodingError>)] = []
        var firstRow = 0
        newTokens.removeAll(keepingCapacity: true)
        for index in sentences.indices {
            let first = firstRow
            firstRow += sentences[index].search.live.count
            let ticket = sentences[index].ticket
            if let failed = (first..<firstRow).first(where: { !run.rows[$0].isFinite }) {
                done.append((ticket, .failure(.notFinite(layer: run.rows[failed].exitLayer))))
                continue
            }
            if let result = sentences[index].advance(run, firstRow: first, step) {
                done.append((ticket, .success(result)))
            }
            if let token = sentences[index].newToken { newTokens.append((ticket, token)) }
        }
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

    init(
        ticket: BatchDecoder.Ticket, state: DecoderState, search: Search, rule: ExitRule,
        depth: Int?, givenExits: DecodingOptions.GivenExits?, reportsTokens: Bool
    ) {
        self.ticket = ticket
        self.state = state
        self.search = search
        self.rule = rule
        self.depth = depth
        self.givenExits = givenExits
        self.reportsTokens = reportsTokens
    }

    /// What the latest step added, where that is asked for.
    var newToken: DecodedToken? { reportsTokens ? search.newestToken : nil }

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

    func advance(_ run: StepRun, firstRow: Int, _ step: DecoderStep) -> DecodingResult? {
        search.advance(run, firstRow: firstRow, step, state).map {
            DecodingResult(hypotheses: $0, operations: state.operations)
        }
    }
}
