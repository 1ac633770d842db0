import Checkpoint
import Dispatch
import Synchronization
public import System
import Telemetry
import TranslationModel

/// Translates requests on a fixed set of worker threads, from a bounded queue.
///
/// Admission is decided before any work, by how much waits and by how long that will take: what could not be
/// answered within its deadline is refused at once (`Backlog`). Sentences of many requests share a worker's batch: they
/// join between decoding steps and leave when they are finished, and what one sentence gets does not
/// depend on the others.
public final class TranslationService: Sendable {
    /// The models that it serves.
    public let catalog: ModelCatalog
    /// The model of requests that name none.
    public var model: ServedModel { catalog.standard }
    /// How it is set up.
    public let configuration: Configuration
    /// The networks that are in memory, of this service and of others of the process.
    public let memory: ModelMemory
    let metrics: ServiceMetrics
    let queue: Monitor<Queue>
    let clock: @Sendable () -> Double
    /// Helps the only worker that has something to do.
    let team: ThreadTeam
    /// Workers that have sentences in their batch.
    let busyWorkers = Atomic(0)
    private let nextJob = Atomic(0)
    /// What is decoded again at full depth; nil: nothing.
    let checks: FullDepthChecks?
    let nextCheck = Atomic(0)
    private let heartbeats: [Heartbeat]
    /// By which the memory knows this service.
    private let listener = Atomic(0)

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
        /// Whether requests wait for a network that is being read; else they are refused until it is there.
        public var waitsForModels = true

        /// One worker.
        public init() {}
    }

    /// Why a service could not be started.
    public struct StartError: Error, CustomStringConvertible {
        /// Threads that it was to have, and those that it got.
        let wanted: Int
        let started: Int

        /// What happened and what would be right.
        public var description: String {
            """
            the system gives \(started) of \(wanted) threads: fewer workers, or a higher limit of threads \
            (ulimit -u, pids.max) is needed
            """
        }
    }

    /// Starts the workers.
    ///
    /// - Parameters:
    ///   - catalog: what to serve.
    ///   - memory: holds the networks of the process; its own where nil.
    ///   - configuration: sizes; a number below its least counts as that.
    ///   - metrics: where to count.
    ///   - checks: what is decoded again at full depth in idle time; nil: nothing.
    ///   - clock: seconds, for deadlines and for the timings of requests.
    ///   - startThread: runs what it is given on a new thread of that niceness; false where it cannot.
    /// - Throws: `StartError` where the system gives too few threads.
    public init(
        catalog: ModelCatalog, memory: ModelMemory? = nil, configuration: Configuration,
        metrics: ServiceMetrics, checks: FullDepthChecks? = nil,
        clock: @escaping @Sendable () -> Double = monotonicSeconds,
        startThread: (Int, @escaping @Sendable () -> Void) -> Bool = { niceness, body in
            WorkerThread.start(niceness: niceness, body)
        }
    ) throws(StartError) {
        var configuration = configuration
        configuration.workers = max(configuration.workers, 1)
        configuration.threads = max(configuration.threads, 1)
        configuration.maximumSequences = max(configuration.maximumSequences, 1)
        self.catalog = catalog
        self.memory = memory ?? ModelMemory()
        self.configuration = configuration
        self.metrics = metrics
        self.checks = checks
        self.clock = clock
        queue = Monitor(
            Queue(
                configuration,
                maximumPositions: catalog.models
                    .reduce(0) { max($0, $1.checkpoint.configuration.maximumPositions) }))
        team = ThreadTeam(
            helpers: configuration.threads - 1, niceness: configuration.niceness)
        heartbeats = (0..<configuration.workers).map { _ in Heartbeat() }
        metrics.queue.capacity.set(Double(configuration.maximumQueuedRequests))
        metrics.queue.tokenCapacity.set(Double(configuration.maximumQueuedTokens))
        self.memory.adopt(catalog.models)
        try start(startThread)
        let number = self.memory.listen { [weak self] in
            self?.queue.change { $0.droppedNetworks += 1 }
        }
        listener.store(number, ordering: .relaxed)
    }

    /// Starts the workers of a service with one model; the parameters are those of the other one.
    ///
    /// - Throws: `StartError` where the system gives too few threads.
    public convenience init(
        model: ServedModel, configuration: Configuration, metrics: ServiceMetrics,
        checks: FullDepthChecks? = nil,
        clock: @escaping @Sendable () -> Double = monotonicSeconds,
        startThread: (Int, @escaping @Sendable () -> Void) -> Bool = { niceness, body in
            WorkerThread.start(niceness: niceness, body)
        }
    ) throws(StartError) {
        try self.init(
            catalog: ModelCatalog([model]), configuration: configuration, metrics: metrics,
            checks: checks, clock: clock, startThread: startThread)
    }

    /// Starts all threads, or none.
    private func start(
        _ startThread: (Int, @escaping @Sendable () -> Void) -> Bool
    ) throws(StartError) {
        var bodies: [@Sendable () -> Void] = heartbeats.map { heartbeat in
            { Worker(self, heartbeat).run() }
        }
        bodies.append { Preparation(service: self).run() }
        queue.change { queue in
            queue.workers = heartbeats.count
            queue.prepares = true
        }
        for (started, body) in bodies.enumerated()
        where !startThread(configuration.niceness, body) {
            queue.change { queue in
                queue.workers -= max(0, heartbeats.count - started)
                queue.prepares = false
            }
            stop()
            throw StartError(wanted: bodies.count, started: started)
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
        guard let hop = request.earlier.first else {
            return submitDirect(request, after: waited, progress: progress, completion: completion)
        }
        let journey = Journey(start: clock() - waited)
        journey.begin(
            cancel: submitDirect(hop.request(of: request), after: waited, progress: nil) {
                [self] result in
                switch result {
                case .failure(let error): completion(.failure(error))
                case .success(let done):
                    guard !journey.isCancelled else {
                        metrics.count(.failure(.cancelled), model: request.model ?? model)
                        return completion(.failure(.cancelled))
                    }
                    let elapsed = clock() - journey.start
                    let cancel = submit(
                        request.continued(with: done), after: elapsed, progress: progress
                    ) { result in
                        completion(result.map { $0.behind(done, of: hop) })
                    }
                    journey.goOn(cancel: cancel)
                }
            })
        return { journey.cancel() }
    }

    private func submitDirect(
        _ request: TranslationRequest, after waited: Double,
        progress: (@Sendable (TranslationEvent) -> Void)?,
        completion: @escaping @Sendable (Result<TranslationResult, TranslationError>) -> Void
    ) -> @Sendable () -> Void {
        let model = request.model ?? model
        let tenancy = Tenancy(of: model.slot, in: memory)
        let callbacks = Job.Callbacks(progress: progress) { [metrics] result in
            tenancy.end()
            if !request.isTrial { metrics.count(result, model: model) }
            completion(result)
        }
        var request = request
        request.model = model
        let isReady = tenancy.begin()
        let number = nextJob.wrappingAdd(1, ordering: .relaxed).newValue
        let now = clock()
        let job = Job(
            number, request, submitted: now - waited,
            queued: request.isContinuation ? now : now - waited, callbacks, tenancy: tenancy)
        guard isReady else { return park(job, tenancy) }
        if let refusal = queue.withLock({ $0.admit(job, at: now) }) {
            job.fail(refusal)
        } else {
            prepare(job)
        }
        queue.withLock { metrics.queue.show(&$0) }
        return { job.fail(.cancelled) }
    }

    /// Has a request that was admitted segmented: here where it is short, else on the thread for that.
    private func prepare(_ job: Job) {
        let isLeft = queue.withLock { queue in
            // Where a service stops, the thread that prepares may have ended.
            let isShort = job.byteCount <= Preparation.immediateBytes || queue.isStopping
            if !isShort { queue.leaveForPreparation(job) }
            return !isShort
        }
        if isLeft { wakeAll() } else { Preparation(service: self).prepare(job) }
    }

    /// Lets a request wait until its network is in memory, or refuses it.
    ///
    /// - Returns: gives the request up when called.
    private func park(_ job: Job, _ tenancy: Tenancy) -> @Sendable () -> Void {
        let mayWait =
            configuration.waitsForModels || job.request.isContinuation || job.request.isTrial
        if memory.isFailing(model(of: job).slot) {
            job.fail(.unavailable)
            return {}
        }
        guard mayWait else {
            job.fail(.loading(retryAfter: memory.expectedSeconds))
            return {}
        }
        let (isParked, isStopping) = queue.withLock { ($0.park(job), $0.isStopping) }
        guard isParked else {
            job.fail(isStopping ? .shuttingDown : .overloaded(retryAfter: memory.expectedSeconds))
            return {}
        }
        tenancy.beginLater { [self] isThere in
            if !isThere { job.fail(.unavailable) }
            let refusal = queue.change { $0.unpark(job, at: clock()) }
            if let refusal { job.fail(refusal) } else { prepare(job) }
        }
        let giveUp: @Sendable (TranslationError) -> Void = { [self] error in
            if job.fail(error) { queue.change { $0.forgetParked(job) } }
        }
        let rest = job.deadline - clock()
        if rest < 1e6 {
            DispatchQueue.global().asyncAfter(deadline: .now() + max(rest, 0)) {
                if tenancy.network == nil { giveUp(.deadlineExceeded) }
            }
        }
        return { giveUp(.cancelled) }
    }

    /// What translates a request.
    func model(of job: Job) -> ServedModel { job.request.model ?? model }

    /// Counts a request that a stage before had to refuse.
    public func count(_ refusal: TranslationError) {
        metrics.count(.failure(refusal), model: model)
    }

    /// Lets the sentences of a request that is segmented wait for their turns.
    func join(_ job: Job, _ sentences: [PendingSentence]) {
        queueUp { $0.join(job, sentences) }
    }

    /// Lets more sentences of a request that has joined wait for their turns.
    func add(_ job: Job, _ sentences: [PendingSentence]) {
        queueUp { $0.add(job, sentences) }
    }

    /// Changes what waits, and wakes whoever sleeps until something does: no worker where all have sentences in their
    /// batches, which look at the queue before each step.
    private func queueUp(_ change: (inout Queue) -> Void) {
        let isAwaited = queue.withLock { queue in
            change(&queue)
            metrics.queue.show(&queue)
            // A worker that is counted as busy still looks at the queue, under its lock, before it sleeps.
            return queue.isStopping || busyWorkers.load(ordering: .relaxed) < queue.workers
        }
        if isAwaited { wakeAll() }
    }

    /// The next request whose texts the preparing thread is to segment; nil: none will come any more.
    func waitForUnprepared() -> Job? {
        queue.wait { queue -> Job?? in
            if let job = queue.nextUnprepared() { return .some(job) }
            return queue.isPrepared ? .some(nil) : nil
        }
    }

    /// The next work for a worker with `room` in its batch; waits for it where the worker is not busy.
    func waitForWork(
        room: Int, positions: Int, group: Int, isBusy: Bool, knownDrops: Int,
        after iteration: Queue.Iteration
    ) -> Queue.Work {
        queue.withLock { $0.observe(iteration) }
        return queue.wait { [self] queue in
            defer { metrics.queue.show(&queue) }
            if queue.droppedNetworks != knownDrops { return .tidyUp(queue.droppedNetworks) }
            return queue.next(
                room: room, positions: positions, group: group, isBusy: isBusy, at: clock())
                ?? queue.nextCheck(whileIdle: busyWorkers.load(ordering: .relaxed) == 0)
        }
    }

    /// Answers the requests that wait past their deadline, and forgets those given up.
    func dropExpired(at now: Double) {
        var expired: [Job] = []
        let change = queue.withLock { queue in
            func isGone(_ job: Job) -> Bool {
                if now >= job.deadline { expired.append(job) }
                return now >= job.deadline || job.isAnswered
            }
            let before = queue.requestCount
            queue.removeAll(where: isGone)
            metrics.queue.show(&queue)
            return queue.requestCount != before
        }
        for job in expired { job.fail(.deadlineExceeded) }
        if change { wakeAll() }
    }

    private func wakeAll() { queue.change { _ in } }

    /// Whether a network is among those that are in memory.
    func holds(_ network: TranslationModel) -> Bool {
        catalog.models.contains { $0.slot.network === network }
    }

    /// Refuses new requests and returns when all that were taken have been answered.
    public func stop() {
        queue.change { $0.isStopping = true }
        queue.wait { $0.workers == 0 && !$0.prepares ? () : nil }
        memory.stopListening(listener.load(ordering: .relaxed))
        dropChecks()
    }
}
