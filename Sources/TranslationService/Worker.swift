import Decoding
import Synchronization
import System
import Telemetry
import TextPreparation
import Tokenization
import TranslationModel

/// One thread's share of the service: a batch for each network that it has sentences of, and their working memory.
final class Worker {
    private let service: TranslationService
    private let heartbeat: Heartbeat
    /// In the order in which they were first needed; each has a step in every iteration.
    private var lanes: [Lane] = []
    /// Steps since all places were taken.
    private var stepsWithRoom = 0
    /// Whether this worker is among the service's busy ones.
    private var isBusy = false
    private var checkRunner = CheckRunner()
    /// What the running iteration computes, and when it began.
    private var iteration = TranslationService.Queue.Iteration()
    private var iterationStart = 0.0
    /// Networks let go of, as far as this worker knows.
    private var knownDrops = 0
    /// Whether a batch still has sentences of such a network, which nobody waits for.
    private var holdsDropped = false

    /// Source positions in one run of the encoder: enough for its products to be at their fastest, few
    /// enough to bound its memory.
    private static let encoderRows = 256
    /// Bytes of a decoder that are kept while there is nothing to do.
    private static let keptBytes = 16 << 20
    /// Steps after which free places are given to whoever waits, without waiting for a group.
    private static let patience = 6

    /// Sentences that should enter together where more wait than have room: what encodes them, and makes
    /// the keys and values of their sources, reads the same weights for one as for all.
    private var group: Int {
        stepsWithRoom < Self.patience ? max(1, service.configuration.maximumSequences / 4) : 1
    }

    private var metrics: ServiceMetrics { service.metrics }

    /// The batch of a network.
    private final class Lane {
        let network: TranslationModel
        var decoder: BatchDecoder
        let encoderScratch: EncoderScratch
        var running: [BatchDecoder.Ticket: RunningSentence] = [:]
        /// Whose sentences have not had a step yet.
        var startedJobs: [Job] = []
        var countedRows: [Int]

        init(_ network: TranslationModel) {
            self.network = network
            decoder = BatchDecoder(model: network)
            encoderScratch = EncoderScratch(for: network)
            countedRows = Array(repeating: 0, count: network.decoderLayerCount)
        }

        /// Starts anew with little memory.
        func giveBackMemory() {
            decoder = BatchDecoder(model: network)
            countedRows = Array(repeating: 0, count: network.decoderLayerCount)
        }
    }

    private var runningCount: Int { lanes.reduce(0) { $0 + $1.running.count } }

    /// The lane of a network, made where it is needed for the first time.
    private func lane(of network: TranslationModel) -> Lane {
        if let lane = lanes.first(where: { $0.network === network }) { return lane }
        let lane = Lane(network)
        lanes.append(lane)
        return lane
    }

    init(_ service: TranslationService, _ heartbeat: Heartbeat) {
        self.service = service
        self.heartbeat = heartbeat
    }

    /// Works until the service stops.
    func run() {
        while true {
            let now = service.clock()
            dropAnswered(at: now)
            noteWhetherBusy()
            giveBackMemory()
            if holdsDropped { giveBackNetworks() }
            let room = service.configuration.maximumSequences - runningCount
            heartbeat.rest()
            iteration.seconds = now - iterationStart
            let work = service.waitForWork(
                room: room, positions: positions,
                group: group, isBusy: isBusy, knownDrops: knownDrops, after: iteration)
            iteration = TranslationService.Queue.Iteration()
            iterationStart = service.clock()
            heartbeat.beat(at: iterationStart)
            switch work {
            case .decode(let sentences):
                stepsWithRoom = room > sentences.count ? stepsWithRoom + 1 : 0
                start(sentences)
                noteWhetherBusy()
                step()
            case .tidyUp(let drops):
                knownDrops = drops
                giveBackNetworks()
            case .check(let check):
                checkRunner.run(check, for: service, heartbeat)
            case .stop:
                service.queue.change { $0.workers -= 1 }
                return
            }
        }
    }

    /// Source and target positions of all sentences in the batches.
    private var positions: Int {
        lanes.reduce(0) { sum, lane in
            lane.running.values.reduce(sum) { $0 + $1.sentence.positions }
        }
    }

    /// Starts anew with little memory where a batch is done that needed much.
    private func giveBackMemory() {
        for lane in lanes where lane.running.isEmpty && lane.decoder.byteCount > Self.keptBytes {
            lane.giveBackMemory()
        }
    }

    /// Lets go of the networks that are in memory no more for others.
    private func giveBackNetworks() {
        checkRunner.giveBack { service.holds($0) }
        let isHeld = lanes.map { service.holds($0.network) }
        lanes = zip(lanes, isHeld).filter { $1 || !$0.running.isEmpty }.map(\.0)
        holdsDropped = lanes.count > isHeld.count(where: \.self)
    }

    /// Encodes sentences and takes them into the batch.
    private func start(_ sentences: [PendingSentence]) {
        let now = service.clock()
        for sentence in sentences {
            guard let seconds = sentence.job.leaveQueue(at: now) else { continue }
            metrics.queue.duration.observe(seconds)
        }
        var waiting: [(lane: Lane, sentences: ArraySlice<PendingSentence>)] = []
        for sentence in sentences {
            guard !sentence.job.isAnswered, let network = sentence.job.tenancy?.network else {
                service.queue.withLock { $0.finish(sentence, steps: nil) }
                continue
            }
            let lane = lane(of: network)
            if let index = waiting.firstIndex(where: { $0.lane === lane }) {
                waiting[index].sentences.append(sentence)
            } else {
                waiting.append((lane, [sentence]))
            }
        }
        for (lane, sentences) in waiting { encodeInRuns(sentences, in: lane) }
    }

    private func encodeInRuns(_ sentences: ArraySlice<PendingSentence>, in lane: Lane) {
        var waiting = sentences
        while let first = waiting.first {
            var count = 1
            var rows = first.ids.count
            for sentence in waiting.dropFirst() {
                rows += sentence.ids.count
                if rows > Self.encoderRows { break }
                count += 1
            }
            encode(waiting.prefix(count), in: lane)
            waiting = waiting.dropFirst(count)
        }
    }

    private func encode(_ sentences: ArraySlice<PendingSentence>, in lane: Lane) {
        let start = service.clock()
        let states = withTeam { team in
            lane.encoderScratch.team = team
            return lane.network.encode(sentences.map(\.ids), scratch: lane.encoderScratch)
        }
        let end = service.clock()
        iteration.encodedTokens += sentences.reduce(0) { $0 + $1.ids.count }
        metrics.batches.encode.observe(Double(sentences.count))
        metrics.times.encode.observe(end - start)
        for (sentence, source) in zip(sentences, states) {
            sentence.job.time { $0.encode += end - start }
            sentence.job.startDecoding(at: end)
            lane.startedJobs.append(sentence.job)
            var options = sentence.job.request.options
            options.aligns = !sentence.ranges.isEmpty
            let model = service.model(of: sentence.job)
            let tokenizer = model.tokenizer
            options.sourcePieces = tokenizer.pieces(of: sentence.ids)
            if options.usesShortlist { options.candidates = model.candidates(of: sentence.ids) }
            options.prefix = tokenizer.targetPrefix
            options.expected = sentence.draft
            let ticket = lane.decoder.add(
                source: source, options: options,
                reportsTokens: sentence.reported != nil)
            lane.running[ticket] = RunningSentence(sentence, tokenizer)
        }
        metrics.batches.running.add(Double(sentences.count))
    }

    /// One decoding step of each batch.
    private func step() {
        for lane in lanes where !lane.running.isEmpty { step(lane) }
    }

    private func step(_ lane: Lane) {
        iteration.rows += lane.decoder.rowCount
        metrics.batches.decode.observe(Double(lane.decoder.rowCount))
        let start = service.clock()
        let finished = withTeam { lane.decoder.advance(helpedBy: $0) }
        let end = service.clock()
        metrics.times.decode.observe(end - start)
        for seconds in lane.startedJobs.compactMap({ $0.noteToken(at: end) }) {
            metrics.times.firstToken.observe(seconds)
        }
        lane.startedJobs.removeAll()
        for (layer, rows) in lane.decoder.layerRows.enumerated() {
            metrics.depth.layerRows[layer].increment(by: rows - lane.countedRows[layer])
        }
        lane.countedRows = lane.decoder.layerRows
        reportTokens(of: lane, endedBy: Set(finished.lazy.map(\.ticket)))
        leave(lane, finished)
        for (ticket, result) in finished {
            guard let running = lane.running.removeValue(forKey: ticket) else { continue }
            metrics.batches.running.add(-1)
            switch result {
            case .success(let result): finish(running.sentence, result, by: lane.network)
            case .failure(let error): running.job.fail(.decoding(error))
            }
        }
    }

    /// Tells the queue of sentences that have left the batch, before anybody learns of their results.
    private func leave(
        _ lane: Lane,
        _ finished: [(ticket: BatchDecoder.Ticket, result: Result<DecodingResult, DecodingError>)]
    ) {
        guard !finished.isEmpty else { return }
        service.queue.withLock { queue in
            for (ticket, result) in finished {
                guard let sentence = lane.running[ticket]?.sentence else { continue }
                let best = try? result.get().hypotheses.first
                let isWhole = best?.finishReason == .endOfSentence
                queue.finish(sentence, steps: isWhole ? best?.tokens.count : nil)
            }
        }
    }

    /// Tells those who want to know of each token.
    private func reportTokens(of lane: Lane, endedBy finished: Set<BatchDecoder.Ticket>) {
        let tokens = lane.decoder.newTokens
        for (index, (ticket, token)) in tokens.enumerated() {
            guard let job = lane.running[ticket]?.job else { continue }
            let event = lane.running[ticket]?.take(
                token, piece: service.model(of: job).tokenizer.piece(targetID: token.id),
                isLast: finished.contains(ticket)
                    && (index + 1 == tokens.count || tokens[index + 1].ticket != ticket))
            if let event { job.report(.token(event)) }
        }
    }

    /// Keeps the service's count of workers that have sentences in their batch.
    private func noteWhetherBusy() {
        guard isBusy == (runningCount == 0) else { return }
        isBusy.toggle()
        service.busyWorkers.add(isBusy ? 1 : -1, ordering: .relaxed)
    }

    /// Computes something, with the team's help where no other worker has sentences in its batch: one that
    /// only pauses between two steps will soon want its processor back.
    private func withTeam<Result>(_ body: (ThreadTeam?) -> Result) -> Result {
        let others = service.busyWorkers.load(ordering: .relaxed) - (isBusy ? 1 : 0)
        guard others == 0, service.team.tryAcquire() else { return body(nil) }
        defer { service.team.release() }
        return body(service.team)
    }

    /// Drops what nobody waits for any more, so that others take its places with the next step.
    private func dropAnswered(at now: Double) {
        service.dropExpired(at: now)
        for lane in lanes {
            for (ticket, sentence) in lane.running {
                if now >= sentence.job.deadline { sentence.job.fail(.deadlineExceeded) }
                guard sentence.job.isAnswered else { continue }
                lane.decoder.remove(ticket)
                lane.running[ticket] = nil
                service.queue.withLock { $0.finish(sentence.sentence, steps: nil) }
                metrics.batches.running.add(-1)
            }
        }
    }

    private func output(of sentence: PendingSentence, _ hypothesis: Hypothesis) -> InputOutput {
        let tokenizer = service.model(of: sentence.job).tokenizer
        let ids = hypothesis.tokens.map(\.id)
        let pieces = ids.map { tokenizer.piece(targetID: $0) }
        guard let alignment = hypothesis.alignment, !sentence.ranges.isEmpty else {
            return InputOutput(
                text: tokenizer.decode(ids), pieces: pieces, hypothesis: hypothesis)
        }
        let (text, targets) = tokenizer.decodeWithRanges(ids)
        let spans = zip(targets.withoutBlanks(of: text), alignment).map { target, position in
            AlignedSpan(target: target, source: sentence.ranges[position])
        }
        return InputOutput(text: text, pieces: pieces, hypothesis: hypothesis, spans: spans)
    }

    private func finish(
        _ sentence: PendingSentence, _ result: DecodingResult, by network: TranslationModel
    ) {
        let outputs = result.hypotheses.map { output(of: sentence, $0) }
        let compute = ComputeRecord(
            result, policy: sentence.job.request.options.exit.policy, by: network,
            encoderOperations: network.encoderOperations(sourceCount: sentence.ids.count))
        let decoded = DecodedInput(
            outputs: outputs, compute: compute, sourceTokens: sentence.ids.count)
        let isLost = sentence.job.finish(decoded, at: sentence.place, now: service.clock())
        if isLost {
            metrics.lostSpans.increment()
            Preparation(service: service).divide(sentence)
        } else {
            service.offerCheck(of: sentence, outputs[0])
        }
    }
}
