import Decoding
import Synchronization
import System
import Telemetry
import Tokenization
import TranslationModel

/// One thread's share of the service: its batch and its working memory.
final class Worker {
    private let service: TranslationService
    private let decoder: BatchDecoder
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

    /// Source positions in one run of the encoder: enough for its products to be at their fastest, few
    /// enough to bound its memory.
    private static let encoderRows = 256
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
            dropAnswered()
            noteWhetherBusy()
            let room = service.configuration.maximumSequences - running.count
            heartbeat.rest()
            let work = service.waitForWork(room: room, group: group, isBusy: isBusy)
            heartbeat.beat(at: service.clock())
            switch work {
            case .tokenize(let job): tokenize(job)
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

    private func tokenize(_ job: Job) {
        let start = service.clock()
        guard start < job.deadline else {
            job.fail(.deadlineExceeded)
            return
        }
        guard !job.isAnswered else { return }
        job.time { $0.queue = start - job.submitted }
        metrics.queueDuration.observe(start - job.submitted)
        let sources = job.request.texts.map(model.tokenizer.encode)
        job.time { $0.tokenize = service.clock() - start }
        if let problem = tooLong(sources, job.request.maximumSourceTokens) {
            job.fail(.invalid(problem))
            return
        }
        var pending: [PendingSentence] = []
        for (index, ids) in sources.enumerated() {
            if model.tokenizer.hasPieces(ids) {
                pending.append(PendingSentence(job: job, index: index, ids: ids))
            } else {
                job.finish(empty(job.request.options), index: index, at: service.clock())
            }
        }
        service.queue.change { $0.join(job, pending) }
    }

    private func tooLong(_ sources: [[Int]], _ limit: Int) -> InvalidRequest? {
        let problems = sources.enumerated().filter { $0.element.count > limit }.map {
            FieldProblem(
                .textTooLong, sources.count == 1 ? "/text" : "/text/\($0.offset)",
                "text \($0.offset) has \($0.element.count) tokens; at most \(limit) are translated")
        }
        return problems.isEmpty ? nil : InvalidRequest(problems)
    }

    /// The answer to a text without pieces, which is not decoded.
    private func empty(_ options: DecodingOptions) -> Translation {
        let hypothesis = Hypothesis(tokens: [], score: 0, finishReason: .endOfSentence)
        return Translation(
            outputs: [Translation.Output(text: "", pieces: [], hypothesis: hypothesis)],
            compute: ComputeRecord(
                policy: options.exit.policy.name, decoderLayers: model.layerCount),
            sourceTokens: 0)
    }

    /// Encodes sentences and takes them into the batch.
    private func start(_ sentences: [PendingSentence]) {
        var waiting = sentences.filter { !$0.job.isAnswered }[...]
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
        metrics.encodeBatch.observe(Double(sentences.count))
        metrics.encodeDuration.observe(end - start)
        for (sentence, source) in zip(sentences, states) {
            sentence.job.time { $0.encode += end - start }
            sentence.job.startDecoding(at: end)
            startedJobs.append(sentence.job)
            let ticket = decoder.add(
                source: source, options: sentence.job.request.options,
                reportsTokens: sentence.job.reportsTokens)
            running[ticket] = RunningSentence(sentence, model.tokenizer)
        }
        metrics.runningSequences.add(Double(sentences.count))
    }

    /// One decoding step of the batch.
    private func step() {
        guard !running.isEmpty else { return }
        metrics.decodeBatch.observe(Double(decoder.rowCount))
        let start = service.clock()
        let finished = withTeam { decoder.advance(helpedBy: $0) }
        let end = service.clock()
        metrics.decodeDuration.observe(end - start)
        for seconds in startedJobs.compactMap({ $0.noteToken(at: end) }) {
            metrics.timeToFirstToken.observe(seconds)
        }
        startedJobs.removeAll()
        for (layer, rows) in decoder.layerRows.enumerated() {
            metrics.layerRows[layer].increment(by: rows - countedRows[layer])
        }
        countedRows = decoder.layerRows
        reportTokens(endedBy: Set(finished.lazy.map(\.ticket)))
        for (ticket, result) in finished {
            guard let running = running.removeValue(forKey: ticket) else { continue }
            metrics.runningSequences.add(-1)
            switch result {
            case .success(let result): finish(running.sentence, result)
            case .failure(let error): running.job.fail(.decoding(error))
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
    private func dropAnswered() {
        let now = service.clock()
        service.dropExpired(at: now)
        for (ticket, sentence) in running {
            if now >= sentence.job.deadline { sentence.job.fail(.deadlineExceeded) }
            guard sentence.job.isAnswered else { continue }
            decoder.remove(ticket)
            running[ticket] = nil
            metrics.runningSequences.add(-1)
        }
    }

    private func finish(_ sentence: PendingSentence, _ result: DecodingResult) {
        let outputs = result.hypotheses.map { hypothesis in
            Translation.Output(
                text: model.tokenizer.decode(hypothesis.tokens.map(\.id)),
                pieces: hypothesis.tokens.map { model.tokenizer.piece(targetID: $0.id) },
                hypothesis: hypothesis)
        }
        let compute = ComputeRecord(
            result, policy: sentence.job.request.options.exit.policy.name,
            decoderLayers: model.layerCount,
            encoderOperations: model.network.encoderOperations(sourceCount: sentence.ids.count))
        let translation = Translation(
            outputs: outputs, compute: compute, sourceTokens: sentence.ids.count)
        sentence.job.finish(translation, index: sentence.index, at: service.clock())
    }
}
