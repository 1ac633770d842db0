import Decoding
import DequeModule

extension TranslationService {
    /// What waits for a worker, and how many workers there are.
    ///
    /// A request is *admitted*, then its texts are segmented outside, then it *joins*: its sentences wait for their
    /// turns at a batch.
    package struct Queue {
        /// Requests whose texts the preparing thread is to segment, as they came.
        private var unprepared: Deque<Job> = []
        /// What requests that are admitted and have not joined are thought to be, by their numbers.
        private var expected: [Int: Workload] = [:]
        /// Source tokens of these, by their bytes.
        private var estimatedTokens = 0
        /// Requests that have joined.
        private var turns = Turns()
        /// How long all of it will take.
        package private(set) var backlog: Backlog
        private let configuration: Configuration
        /// Longest output of the model.
        private let maximumPositions: Int
        /// Worker threads, and whether there is one that prepares.
        package var workers = 0
        var prepares = false
        package var isStopping = false
        /// Numbers of requests that wait for a network; they are no work of the workers yet.
        private var parked: Set<Int> = []
        /// How often a network was let go of, which workers give back.
        var droppedNetworks = 0
        /// Sentences that are decoded again where no worker has anything else to do, the oldest first.
        var checks: Deque<PendingCheck> = []
        /// What the gauges were told last.
        var shown = (requests: 0, tokens: 0)

        /// An empty queue.
        package init(_ configuration: Configuration, maximumPositions: Int) {
            self.configuration = configuration
            self.maximumPositions = maximumPositions
            backlog = Backlog(
                workers: configuration.workers, places: configuration.maximumSequences)
        }

        /// Requests of which texts wait.
        package var requestCount: Int { expected.count + turns.requestCount }

        /// Source tokens that wait.
        package var tokenCount: Int { estimatedTokens + turns.tokenCount }
    }
}

// MARK: - Requests

extension TranslationService.Queue {
    /// Takes a request; nil, or why it is refused.
    package mutating func admit(_ job: Job, at now: Double) -> TranslationError? {
        if job.request.isContinuation { return take(job, at: now) }
        if isStopping { return .shuttingDown }
        guard requestCount < configuration.maximumQueuedRequests,
            requestCount == 0
                || tokenCount <= configuration.maximumQueuedTokens - job.estimatedTokens
        else { return .overloaded(retryAfter: backlog.seconds) }
        return take(job, at: now)
    }

    /// Takes a request, unless it could not be answered in time; one that goes on is taken whatever waits.
    private mutating func take(_ job: Job, at now: Double) -> TranslationError? {
        var work = Workload()
        var longest = 0.0
        for text in job.request.texts {
            let tokens = Job.estimatedTokens(text) + 1
            let sentences = job.request.preparation == nil ? 1 : Self.estimatedSentences(tokens)
            let (more, steps) = estimate((tokens + sentences - 1) / sentences, job.request.options)
            work += sentences * more
            longest = max(longest, steps)
        }
        if let seconds = backlog.admit(
            job.id, work, steps: longest, hops: job.request.hops, deadline: job.deadline,
            at: now, isContinuation: job.request.isContinuation)
        {
            return .overloaded(retryAfter: seconds)
        }
        expected[job.id] = work
        estimatedTokens += job.estimatedTokens
        return nil
    }

    /// Sentences of a text with so many source tokens, before it is parted.
    private static func estimatedSentences(_ tokens: Int) -> Int { max(1, tokens / 32) }

    private func estimate(
        _ sourceTokens: Int, _ options: DecodingOptions
    ) -> (work: Workload, steps: Double) {
        let most = options.limit(
            sourceCount: min(sourceTokens, maximumPositions), maximumPositions: maximumPositions)
        let least = min(max(options.minimumTokens, 1), max(most, 1))
        return backlog.estimate(
            sourceTokens: sourceTokens, beam: options.beamSize, lengths: least...max(most, least))
    }

    /// Leaves a request that was admitted to the thread that prepares.
    mutating func leaveForPreparation(_ job: Job) { unprepared.append(job) }

    /// Lets a request wait for its network; false where too many wait.
    mutating func park(_ job: Job) -> Bool {
        guard !isStopping,
            parked.count < configuration.maximumQueuedRequests || job.request.isContinuation
        else { return false }
        parked.insert(job.id)
        return true
    }

    /// Takes a request that waited for its network, or forgets it where it waits for nothing any more.
    ///
    /// - Returns: why it is refused after all; nil where it is taken.
    mutating func unpark(_ job: Job, at now: Double) -> TranslationError? {
        guard parked.remove(job.id) != nil, !job.isAnswered else { return .cancelled }
        return take(job, at: now)
    }

    /// Forgets a request that waited for its network.
    mutating func forgetParked(_ job: Job) { parked.remove(job.id) }

    /// The request to be prepared next, if any.
    mutating func nextUnprepared() -> Job? { unprepared.popFirst() }

    /// Whether nothing will be left for preparation any more.
    var isPrepared: Bool { isStopping && expected.isEmpty && parked.isEmpty }

    /// Takes the sentences of a request that was admitted and is segmented now; none, where there is nothing to
    /// decode or nobody waits for it.
    package mutating func join(_ job: Job, _ sentences: [PendingSentence]) {
        guard let old = expected.removeValue(forKey: job.id) else { return }
        estimatedTokens -= job.estimatedTokens
        guard !sentences.isEmpty else { return backlog.forget(job.id, deadline: job.deadline, old) }
        let (weighed, work, longest) = weigh(sentences, of: job)
        backlog.revise(job.id, deadline: job.deadline, from: old, to: work, steps: longest)
        turns.join(job, weighed)
    }

    /// Takes more sentences of a request that has joined, of which nothing may wait any more.
    mutating func add(_ job: Job, _ sentences: [PendingSentence]) {
        guard !sentences.isEmpty else { return }
        let (weighed, work, longest) = weigh(sentences, of: job)
        backlog.add(job.id, deadline: job.deadline, work, steps: longest)
        turns.add(job, weighed)
    }

    /// Sentences with what each of them takes, all of them together, and the steps of the longest output.
    private func weigh(
        _ sentences: [PendingSentence], of job: Job
    ) -> (weighed: [PendingSentence], work: Workload, longest: Double) {
        var weighed = sentences
        var work = Workload()
        var longest = 0.0
        for index in weighed.indices {
            let (own, steps) = estimate(weighed[index].ids.count, job.request.options)
            weighed[index].work = own
            weighed[index].steps = steps
            weighed[index].positions = positions(weighed[index])
            work += own
            longest = max(longest, steps)
        }
        return (weighed, work, longest)
    }

    private func positions(_ sentence: PendingSentence) -> Int {
        let options = sentence.job.request.options
        return options.beamSize
            * options.limit(
                sourceCount: sentence.ids.count, maximumPositions: maximumPositions)
    }

    /// Forgets requests; those that are being segmented are forgotten when they join.
    package mutating func removeAll(where isGone: (Job) -> Bool) {
        var gone: [Job] = []
        unprepared.removeAll { job in
            guard isGone(job) else { return false }
            gone.append(job)
            return true
        }
        for job in gone { join(job, []) }
        for (job, rest) in turns.remove(where: isGone) {
            backlog.forget(job.id, deadline: job.deadline, rest)
        }
    }
}

// MARK: - Workers

extension TranslationService.Queue {
    /// What a worker does next.
    package enum Work {
        /// Take these sentences into the batch and take a step; possibly none.
        case decode([PendingSentence])
        /// Give back the networks that are in memory no more; so many were let go of by now.
        case tidyUp(Int)
        /// Decode this sentence again at full depth, until something else is to be done.
        case check(PendingCheck)
        /// Nothing will come any more.
        case stop
    }

    /// What a worker's latest iteration computed.
    package struct Iteration {
        package var seconds = 0.0
        package var rows = 0
        package var encodedTokens = 0

        package init() {}
    }

    /// The next work for a worker with `room` in its batch; nil: wait.
    ///
    /// Sentences that wait are shared out evenly, so that one request's texts occupy all workers. Where more
    /// wait than have room, they enter when as many as `group` can, and at least as many at once.
    ///
    /// - Parameters:
    ///   - room: sentences that the worker's batch has places for.
    ///   - positions: those that its sentences may come to: no more enter than `positionLimit` allows, or one
    ///     alone.
    ///   - group: sentences that should enter at once.
    ///   - isBusy: whether the batch has sentences.
    ///   - now: the time.
    /// - Returns: what the worker does next; nil: wait.
    package mutating func next(
        room: Int, positions: Int = 0, group: Int, isBusy: Bool, at now: Double
    ) -> Work? {
        let waiting = expected.count + turns.sentenceCount
        let least = waiting > room ? group : 1
        if room >= least, turns.sentenceCount > 0 {
            let share = max((turns.sentenceCount + workers - 1) / max(workers, 1), least)
            return .decode(take(min(room, share), beside: positions, at: now))
        }
        if isBusy { return .decode([]) }
        return isStopping && waiting == 0 && parked.isEmpty ? .stop : nil
    }

    /// The sentences of the next turns; those first whose requests are in danger of being late.
    private mutating func take(
        _ count: Int, beside positions: Int, at now: Double
    ) -> [PendingSentence] {
        var taken: [PendingSentence] = []
        var used = positions
        let most = positionLimit
        func fits(_ sentence: PendingSentence) -> Bool {
            used == 0 || sentence.positions <= most - used
        }
        var mayBeUrgent = true
        while taken.count < count, turns.sentenceCount > 0 {
            let urgent = mayBeUrgent ? backlog.urgent(at: now) : nil
            mayBeUrgent = urgent != nil
            guard
                let (sentence, isLast) = urgent.flatMap({ turns.take(from: $0, where: fits) })
                    ?? turns.take(where: fits)
            else { break }
            used += sentence.positions
            let job = sentence.job
            backlog.start(job.id, deadline: job.deadline, sentence.work)
            if isLast { backlog.forget(job.id, deadline: job.deadline, Workload()) }
            taken.append(sentence)
        }
        return taken
    }

    /// Positions that the sentences of one batch may come to, which bounds a worker's memory.
    ///
    /// As many as a greedy search of the longest outputs needs in all its places.
    private var positionLimit: Int { configuration.maximumSequences * maximumPositions }

    /// Learns from a worker's iteration.
    package mutating func observe(_ iteration: Iteration) {
        backlog.observe(
            seconds: iteration.seconds, rows: iteration.rows, encoded: iteration.encodedTokens)
    }

    /// A sentence has left a batch.
    ///
    /// - Parameters:
    ///   - sentence: as it was taken.
    ///   - steps: of its output, where no limit cut it.
    package mutating func finish(_ sentence: PendingSentence, steps: Int?) {
        backlog.finish(sentence.work)
        if let steps { backlog.observe(steps: steps, sourceTokens: sentence.ids.count) }
    }
}
