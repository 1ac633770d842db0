import Decoding
import Synchronization
import System
import Telemetry
import TextPreparation
import Tokenization
import TranslationModel

/// One thread's share of the service: its batch and its working memory.
final class Worker {
    private let service: TranslationService
    private var decoder: BatchDecoder
    private let encoderScratch: EncoderScratch
    private let heartbeat: Heartbeat
    private var running: [BatchDecoder.Ticket: RunningSentence] = [:]
    /// Whose sentences have not had a step yet.
    private var startedJobs: [Job] = []
    private var countedRows: [Int]
    /// Steps since all places were taken.
    private var stepsWithRoom = 0
    /// Whether this worker is among the service's busy ones.
    private var isBusy = false
    /// What the running iteration computes, and when it began.
    private var iteration = TranslationService.Queue.Iteration()
    private var iterationStart = 0.0

    /// Source positions in one run of the encoder: enough for its products to be at their fastest, few
    /// enough to bound its memory.
    private static let encoderRows = 256
    /// Bytes of a decoder that are kept while there is nothing to do.
    private static let keptBytes = 32 << 20
    /// Steps after which free places are given to whoever waits, without waiting for a group.
    private static let patience = 6

    /// Sentences that should enter together where more wait than have room: what encodes them, and makes
    /// the keys and values of their sources, reads the same weights for one as for all.
    private var group: Int {
        stepsWithRoom < Self.patience ? max(1, service.configuration.maximumSequences / 4) : 1
    }

    private var model: ServedModel { service.model }
    private var metrics: ServiceMetrics { service.metrics }

    init(_ service: TranslationService, _ heartbeat: Heartbeat) {
        self.service = service
        self.heartbeat = heartbeat
        decoder = BatchDecoder(model: service.model.network)
        encoderScratch = EncoderScratch(for: service.model.network)
        countedRows = Array(repeating: 0, count: service.model.layerCount)
    }

    /// Works until the service stops.
    func run() {
        while true {
            let now = service.clock()
            dropAnswered(at: now)
            noteWhetherBusy()
            giveBackMemory()
            let room = service.configuration.maximumSequences - running.count
            heartbeat.rest()
            iteration.seconds = now - iterationStart
            let work = service.waitForWork(
                room: room, positions: running.values.reduce(0) { $0 + $1.sentence.positions },
                group: group, isBusy: isBusy, after: iteration)
            iteration = TranslationService.Queue.Iteration()
            iterationStart = service.clock()
            heartbeat.beat(at: iterationStart)
            switch work {
            case .decode(let sentences):
                stepsWithRoom = room > sentences.count ? stepsWithRoom + 1 : 0
                start(sentences)
                noteWhetherBusy()
                step()
            case .stop:
                service.queue.change { $0.workers -= 1 }
                return
            }
        }
    }

    /// Starts anew with little memory where a batch is done that needed much.
    private func giveBackMemory() {
        guard running.isEmpty, decoder.byteCount > Self.keptBytes else { return }
        decoder = BatchDecoder(model: service.model.network)
        countedRows = Array(repeating: 0, count: service.model.layerCount)
    }

    /// Encodes sentences and takes them into the batch.
    private func start(_ sentences: [PendingSentence]) {
        let now = service.clock()
        for sentence in sentences {
            guard let seconds = sentence.job.leaveQueue(at: now) else { continue }
            metrics.queue.duration.observe(seconds)
        }
        var waiting: ArraySlice<PendingSentence> = []
        for sentence in sentences {
            if sentence.job.isAnswered {
                service.queue.withLock { $0.finish(sentence, steps: nil) }
            } else {
                waiting.append(sentence)
            }
        }
        while !waiting.isEmpty {
            var count = 1
            var rows = waiting[waiting.startIndex].ids.count
            for sentence in waiting.dropFirst() {
                rows += sentence.ids.count
                if rows > Self.encoderRows { break }
                count += 1
            }
            encode(waiting.prefix(count))
            waiting = waiting.dropFirst(count)
        }
    }

    private func encode(_ sentences: ArraySlice<PendingSentence>) {
        let start = service.clock()
        let states = withTeam { team in
            encoderScratch.team = team
            return model.network.encode(sentences.map(\.ids), scratch: encoderScratch)
        }
        let end = service.clock()
        iteration.encodedTokens += sentences.reduce(0) { $0 + $1.ids.count }
        metrics.batches.encode.observe(Double(sentences.count))
        metrics.times.encode.observe(end - start)
        for (sentence, source) in zip(sentences, states) {
            sentence.job.time { $0.encode += end - start }
            sentence.job.startDecoding(at: end)
            startedJobs.append(sentence.job)
            var options = sentence.job.request.options
            options.aligns = !sentence.ranges.isEmpty
            let ticket = decoder.add(
                source: source, options: options,
                reportsTokens: sentence.reported != nil)
            running[ticket] = RunningSentence(sentence, model.tokenizer)
        }
        metrics.batches.running.add(Double(sentences.count))
    }

    /// One decoding step of the batch.
    private func step() {
        guard !running.isEmpty else { return }
        iteration.rows = decoder.rowCount
        metrics.batches.decode.observe(Double(iteration.rows))
        let start = service.clock()
        let finished = withTeam { decoder.advance(helpedBy: $0) }
        let end = service.clock()
        metrics.times.decode.observe(end - start)
        for seconds in startedJobs.compactMap({ $0.noteToken(at: end) }) {
            metrics.times.firstToken.observe(seconds)
        }
        startedJobs.removeAll()
        for (layer, rows) in decoder.layerRows.enumerated() {
            metrics.depth.layerRows[layer].increment(by: rows - countedRows[layer])
        }
        countedRows = decoder.layerRows
        reportTokens(endedBy: Set(finished.lazy.map(\.ticket)))
        leave(finished)
        for (ticket, result) in finished {
            guard let running = running.removeValue(forKey: ticket) else { continue }
            metrics.batches.running.add(-1)
            switch result {
            case .success(let result): finish(running.sentence, result)
            case .failure(let error): running.job.fail(.decoding(error))
            }
        }
    }

    /// Tells the queue of sentences that have left the batch, before anybody learns of their results.
    private func leave(
        _ finished: [(ticket: BatchDecoder.Ticket, result: Result<DecodingResult, DecodingError>)]
    ) {
        guard !finished.isEmpty else { return }
        service.queue.withLock { queue in
            for (ticket, result) in finished {
                guard let sentence = running[ticket]?.sentence else { continue }
                let best = try? result.get().hypotheses.first
                let isWhole = best?.finishReason == .endOfSentence
                queue.finish(sentence, steps: isWhole ? best?.tokens.count : nil)
            }
        }
    }

    /// Tells those who want to know of each token.
    private func reportTokens(endedBy finished: Set<BatchDecoder.Ticket>) {
        for (ticket, token) in decoder.newTokens {
            let event = running[ticket]?.take(
                token, piece: model.tokenizer.piece(targetID: token.id),
                isLast: finished.contains(ticket))
            if let event { running[ticket]?.job.report(.token(event)) }
        }
    }

    /// Keeps the service's count of workers that have sentences in their batch.
    private func noteWhetherBusy() {
        guard isBusy == running.isEmpty else { return }
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
        for (ticket, sentence) in running {
            if now >= sentence.job.deadline { sentence.job.fail(.deadlineExceeded) }
            guard sentence.job.isAnswered else { continue }
            decoder.remove(ticket)
            running[ticket] = nil
            service.queue.withLock { $0.finish(sentence.sentence, steps: nil) }
            metrics.batches.running.add(-1)
        }
    }

    private func output(of sentence: PendingSentence, _ hypothesis: Hypothesis) -> InputOutput {
        let ids = hypothesis.tokens.map(\.id)
        let pieces = ids.map { model.tokenizer.piece(targetID: $0) }
        guard let alignment = hypothesis.alignment, !sentence.ranges.isEmpty else {
            return InputOutput(
                text: model.tokenizer.decode(ids), pieces: pieces, hypothesis: hypothesis)
        }
        let (text, targets) = model.tokenizer.decodeWithRanges(ids)
        let spans = zip(targets.withoutBlanks(of: text), alignment).map { target, position in
            AlignedSpan(target: target, source: sentence.ranges[position])
        }
        return InputOutput(text: text, pieces: pieces, hypothesis: hypothesis, spans: spans)
    }

    private func finish(_ sentence: PendingSentence, _ result: DecodingResult) {
        let outputs = result.hypotheses.map { output(of: sentence, $0) }
        let compute = ComputeRecord(
            result, policy: sentence.job.request.options.exit.policy,
            decoderLayers: model.layerCount,
            encoderOperations: model.network.encoderOperations(sourceCount: sentence.ids.count))
        let decoded = DecodedInput(
            outputs: outputs, compute: compute, sourceTokens: sentence.ids.count)
        let isLost = sentence.job.finish(decoded, at: sentence.place, now: service.clock())
        if isLost {
            metrics.lostSpans.increment()
            Preparation(service: service).divide(sentence)
        }
    }
}
