import Synchronization
public import System
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
    private let heartbeats: [Heartbeat]

    /// Sizes of the service.
    public struct Configuration: Sendable, Equatable {
        /// Worker threads, at least 1.
        public var workers = 1
        /// Threads that one worker's products may take while no other worker has any, at least 1; they
        /// help where the model is wide enough for it to pay.
        public var threads = 1
        /// By how much workers let the process's other threads have the processors first, 0 … 19.
        public var niceness = 0
        /// Sentences in one worker's batch, at least 1.
        public var maximumSequences = 32
        /// Requests of which texts may wait for a worker; one more is refused.
        public var maximumQueuedRequests = 256
        /// Source tokens that may wait for a worker; a request that would add more is refused.
        ///
        /// One that would wait alone is taken whatever its size. A text that is not segmented yet counts as
        /// one token for every four bytes.
        public var maximumQueuedTokens = 65_536

        /// One worker.
        public init() {}
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
        team = ThreadTeam(
            helpers: configuration.threads - 1, niceness: configuration.niceness)
        heartbeats = (0..<configuration.workers).map { _ in Heartbeat() }
        metrics.queueCapacity.set(Double(configuration.maximumQueuedRequests))
        metrics.queueTokenCapacity.set(Double(configuration.maximumQueuedTokens))
        for heartbeat in heartbeats {
            queue.change { $0.workers += 1 }
            let started = WorkerThread.start(niceness: configuration.niceness) {
                Worker(self, heartbeat).run()
            }
            precondition(started, "the system gives no thread")
        }
    }

    /// Seconds for which the worker that is the longest at its present piece of work, a step of its batch
    /// as a rule, has been at it: milliseconds, unless something is wrong.
    public var secondsWithoutProgress: Double {
        let now = clock()
        return heartbeats.reduce(0) { max($0, $1.seconds(at: now)) }
    }

    /// Takes a request, or refuses it at once.
    ///
    /// - Parameters:
    ///   - request: what to translate.
    ///   - waited: seconds that it has waited elsewhere, which its deadline and its times include.
    ///   - progress: called on workers' threads, one event at a time, none after `completion`; it must
    ///     neither block nor call back.
    ///   - completion: called once, on a worker's thread or on the caller's.
    /// - Returns: gives the request up when called: nothing more is computed for it.
    public func submit(
        _ request: TranslationRequest, after waited: Double = 0,
        progress: (@Sendable (TranslationEvent) -> Void)? = nil,
        completion: @escaping @Sendable (Result<TranslationResult, TranslationError>) -> Void
    ) -> @Sendable () -> Void {
        let callbacks = Job.Callbacks(progress: progress) { [metrics, model] result in
            metrics.count(result, model: model)
            completion(result)
        }
        let job = Job(request, submitted: clock() - waited, callbacks)
        let refusal = queue.change { queue in
            defer { metrics.show(&queue) }
            return queue.admit(job, configuration)
        }
        if let refusal { job.fail(refusal) }
        return { job.fail(.cancelled) }
    }

    /// Counts a request that a stage before had to refuse.
    public func count(_ refusal: TranslationError) {
        metrics.count(.failure(refusal), model: model)
    }

    /// The next work for a worker with `room` in its batch; waits for it where the worker is not busy.
    func waitForWork(room: Int, group: Int, isBusy: Bool) -> Queue.Work {
        queue.wait { [metrics] queue in
            defer { metrics.show(&queue) }
            return queue.next(room: room, group: group, isBusy: isBusy)
        }
    }

    /// Answers the requests that wait past their deadline, and forgets those given up.
    func dropExpired(at now: Double) {
        var expired: [Job] = []
        queue.withLock { queue in
            func isGone(_ job: Job) -> Bool {
                if now >= job.deadline { expired.append(job) }
                return now >= job.deadline || job.isAnswered
            }
            queue.removeAll(where: isGone)
            metrics.show(&queue)
        }
        for job in expired { job.fail(.deadlineExceeded) }
    }

    /// Refuses new requests and returns when all that were taken have been answered.
    public func stop() {
        queue.change { $0.isStopping = true }
        queue.wait { $0.workers == 0 ? () : nil }
    }
}
