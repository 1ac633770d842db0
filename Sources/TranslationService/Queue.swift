extension TranslationService {
    /// What waits for a worker, and how many workers there are.
    struct Queue {
        /// As they came.
        private var requests: [Job] = []
        /// Those segmented since.
        private var turns = Turns()
        /// Tokens of `requests` by their bytes.
        private var estimatedTokens = 0
        var workers = 0
        var isStopping = false
        /// What the gauges were told last.
        var shown = (requests: 0, tokens: 0)

        /// Requests of which texts wait.
        var requestCount: Int { requests.count + turns.requestCount }

        /// Source tokens that wait.
        var tokenCount: Int { estimatedTokens + turns.tokenCount }
    }
}

extension TranslationService.Queue {
    /// What a worker does next.
    enum Work {
        /// Segment this request's texts.
        case tokenize(Job)
        /// Take these sentences into the batch and take a step; possibly none.
        case decode([PendingSentence])
        /// Nothing will come any more.
        case stop
    }

    /// Takes a request; nil, or why it is refused.
    mutating func admit(
        _ job: Job, _ configuration: TranslationService.Configuration
    ) -> TranslationError? {
        if isStopping { return .shuttingDown }
        guard requestCount < configuration.maximumQueuedRequests,
            requestCount == 0
                || tokenCount + job.estimatedTokens <= configuration.maximumQueuedTokens
        else { return .overloaded }
        requests.append(job)
        estimatedTokens += job.estimatedTokens
        return nil
    }

    /// Takes back the sentences of a request that a worker has segmented.
    mutating func join(_ job: Job, _ sentences: [PendingSentence]) { turns.join(job, sentences) }

    /// Forgets requests.
    mutating func removeAll(where isGone: (Job) -> Bool) {
        requests.removeAll { job in
            guard isGone(job) else { return false }
            estimatedTokens -= job.estimatedTokens
            return true
        }
        turns.remove(where: isGone)
    }

    /// The next work for a worker with `room` in its batch; nil: wait.
    ///
    /// Requests are segmented before more sentences of others are taken, one for each place at most:
    /// more could not enter now. Sentences that wait are shared out evenly, so that one request's
    /// texts occupy all workers. Where more wait than have room, they enter when as many as `group` can,
    /// and at least as many at once.
    mutating func next(room: Int, group: Int, isBusy: Bool) -> Work? {
        if !requests.isEmpty, turns.newcomerCount < room {
            let job = requests.removeFirst()
            estimatedTokens -= job.estimatedTokens
            return .tokenize(job)
        }
        let least = requests.count + turns.sentenceCount > room ? group : 1
        if room >= least, turns.sentenceCount > 0 {
            let share = max((turns.sentenceCount + workers - 1) / workers, least)
            return .decode(turns.take(min(room, share)))
        }
        if isBusy { return .decode([]) }
        return isStopping ? .stop : nil
    }
}
