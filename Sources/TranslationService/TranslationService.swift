public import Threads
import Synchronization
import Telemetry

/// Translates requests on a fixed set of worker threads, from a bounded queue.
///
/// Admission is decided before any work. A worker segments a request's texts, and sentences of many
/// requests share its batch: they join between decoding steps and leave when they are finished, and
/// what one sentence gets does not depend on the others.
public final class TranslationService: Sendable {
    /// The model that it serves.
    public let model: ServedModel
    /// How it is set up.
    public let configuration: Configuration
    let metrics: ServiceMetrics
    let queue: Monitor<Queue>
    let clock: @Sendable () -> Double
    /// Helps the only worker that has something to do.
    let team: ThreadTeam
    /// Workers that have sentences in their batch.
    let busyWorkers = Atomic(0)

    /// Sizes of the service.
    public struct Configuration: Sendable, Equatable {
        /// Worker threads, at least 1.
        public var workers = 1
        /// Threads that one worker's products may take while no other worker has any, at least 1; they
        /// help where the model is wide enough for it to pay.
        public var threads = 1
        /// Sentences in one worker's batch, at least 1.
        public var maximumSequences = 32
        /// Requests of which texts may wait for a worker; one more is refused.
        public var maximumQueuedRequests = 256

        /// One worker.
        public init() {}
    }

    /// What waits for a worker, and how many workers there are.
    struct Queue {
        /// As they came.
        var requests: [Job] = []
        /// Those segmented since.
        var turns = Turns()
        var workers = 0
        var isStopping = false

        var requestCount: Int { requests.count + turns.requestCount }
    }

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - model: what to serve.
    ///   - configuration: sizes.
    ///   - metrics: where to count.
    ///   - clock: seconds, for deadlines and for the timings of requests.
    public init(
        model: ServedModel, configuration: Configuration, metrics: ServiceMetrics,
        clock: @escaping @Sendable () -> Double = monotonicSeconds
    ) {
        precondition(
            configuration.workers > 0 && configuration.threads > 0
                && configuration.maximumSequences > 0)
        self.model = model
        self.configuration = configuration
        self.metrics = metrics
        self.clock = clock
        queue = Monitor(Queue())
        team = ThreadTeam(helpers: configuration.threads - 1)
        metrics.queueCapacity.set(Double(configuration.maximumQueuedRequests))
        for _ in 0..<configuration.workers {
            queue.change { $0.workers += 1 }
            let started = WorkerThread.start { Worker(self).run() }
            precondition(started, "the system gives no thread")
        }
    }

    /// Takes a request, or refuses it at once.
    ///
    /// - Parameters:
    ///   - request: what to translate.
    ///   - completion: called once, on a worker's thread or on the caller's.
    /// - Returns: gives the request up when called: nothing more is computed for it.
    public func submit(
        _ request: TranslationRequest,
        completion: @escaping @Sendable (Result<TranslationResult, TranslationError>) -> Void
    ) -> @Sendable () -> Void {
        let job = Job(request, submitted: clock()) { [metrics, model] result in
            metrics.count(result, model: model)
            completion(result)
        }
        let refusal: TranslationError? = queue.change { queue in
            if queue.isStopping { return .shuttingDown }
            if queue.requestCount >= configuration.maximumQueuedRequests { return .overloaded }
            queue.requests.append(job)
            metrics.queuedRequests.set(Double(queue.requestCount))
            return nil
        }
        if let refusal { job.fail(refusal) }
        return { job.fail(.cancelled) }
    }

    /// Answers the requests that wait past their deadline, and forgets those given up.
    func dropExpired(at now: Double) {
        var expired: [Job] = []
        queue.withLock { queue in
            func isGone(_ job: Job) -> Bool {
                if now >= job.deadline { expired.append(job) }
                return now >= job.deadline || job.isAnswered
            }
            queue.requests.removeAll(where: isGone)
            queue.turns.remove(where: isGone)
        }
        for job in expired { job.fail(.deadlineExceeded) }
    }

    /// Refuses new requests and returns when all that were taken have been answered.
    public func stop() {
        queue.change { $0.isStopping = true }
        queue.wait { $0.workers == 0 ? () : nil }
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

    /// The next work for a worker with `room` in its batch; nil: wait.
    ///
    /// Requests are segmented before more sentences of others are taken, one for each place at most:
    /// more could not enter now. Sentences that wait are shared out evenly, so that one request's
    /// texts occupy all workers.
    mutating func next(room: Int, isBusy: Bool) -> Work? {
        if !requests.isEmpty, turns.newcomerCount < room {
            return .tokenize(requests.removeFirst())
        }
        if room > 0, turns.sentenceCount > 0 {
            let share = (turns.sentenceCount + workers - 1) / workers
            return .decode(turns.take(min(room, share)))
        }
        if isBusy { return .decode([]) }
        return isStopping ? .stop : nil
    }
}
