import Dispatch
public import System
import TranslationModel

/// The networks of a process that are in memory, within a bound: reads them when they are wanted, lets go of those that
/// were used the longest ago where there is no room.
///
/// Shared by all services of a process, so that one that replaces another counts with it. The bound is of packed
/// weights: what is being decoded, and what models are described by, comes on top.
public final class ModelMemory: Sendable {
    /// What happens to networks.
    public enum Event: Sendable, Equatable {
        /// One was read, in so many seconds, and takes so many bytes, of which some are mapped from a pack on disk.
        case loaded(model: String, seconds: Double, bytes: Int, mapped: Int)
        /// One was let go of.
        case dropped(model: String)
        /// One could not be read, and why.
        case failed(model: String, reason: String)
        /// There is no room for one that takes so many bytes, whatever leaves.
        case refused(model: String, bytes: Int)
    }

    /// Why a network is not there.
    enum Absence: Error, Equatable {
        /// It cannot be read, or there is no room for it.
        case unavailable
    }

    /// Where the network of a model is.
    public enum Place: String, Sendable {
        /// In memory.
        case memory = "ready"
        /// On disk, and being read.
        case loading
        /// On disk, until a request needs it.
        case disk = "unloaded"
        /// On disk, from where it could not be read the last time.
        case failed
    }

    typealias Waiter = @Sendable (Result<TranslationModel, Absence>) -> Void

    private struct State {
        var plan: MemoryPlan
        var slots: [MemoryPlan.Key: NetworkSlot] = [:]
        var waiters: [MemoryPlan.Key: [Waiter]] = [:]
        var loading: MemoryPlan.Key?
        /// When those could not be read, or got no room, that were wanted the last time.
        var failures: [MemoryPlan.Key: Double] = [:]
        /// Told of each network that is let go of.
        var listeners: [Int: @Sendable () -> Void] = [:]
        var lastListener = 0
        /// How long the latest load took.
        var lastSeconds = 1.0
    }

    private let state: Lock<State>
    private let clock: @Sendable () -> Double
    private let report: @Sendable (Event) -> Void
    /// Where decisions are made that nobody waits for.
    private let queue = DispatchQueue(label: "shoal.models")

    /// Nothing is in memory.
    ///
    /// - Parameters:
    ///   - limit: bytes of weights; nil: as many as the models need.
    ///   - clock: seconds.
    ///   - report: told what happens, on any thread; must not block.
    public init(
        limit: Int? = nil, clock: @escaping @Sendable () -> Double = monotonicSeconds,
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        state = Lock(State(plan: MemoryPlan(limit: limit)))
        self.clock = clock
        self.report = report
    }

    /// Bytes that all networks may have together; nil where there is no bound.
    public var limit: Int? { state.withLock { $0.plan.limit } }

    /// Bytes of weights that are in memory or being read.
    public var byteCount: Int { state.withLock { $0.plan.used } }

    /// Whether a network of so many bytes fits beside what is there.
    public func hasRoom(for bytes: Int) -> Bool {
        state.withLock { $0.plan.hasRoom(for: bytes) }
    }

    /// Counts models from now on, those whose networks are in memory with them; the known ones are left as they are.
    public func adopt(_ models: [ServedModel]) {
        state.withLock { state in
            for slot in models.map(\.slot) where !state.plan.isKnown(slot.key) {
                let bytes = slot.byteCount
                state.slots[slot.key] = slot
                state.plan.add(
                    slot.key, bytes: bytes ?? slot.estimatedBytes, isPinned: slot.isPinned,
                    isPresent: bytes != nil, at: clock())
                slot.tell(self)
            }
        }
    }

    /// Lets go of models for good, of each when nobody uses it any more.
    public func retire(_ models: [ServedModel]) {
        state.withLock { state in
            for model in models {
                state.plan.retire(model.slot.key)
                forgetIfGone(model.slot.key, &state)
            }
        }
        goOn()
    }

    /// Where the network of a model is.
    public func place(of model: ServedModel) -> Place {
        let key = model.slot.key
        return state.withLock { state in
            if state.loading == key { return .loading }
            if model.slot.network != nil { return .memory }
            return state.failures[key] != nil ? .failed : .disk
        }
    }

    /// Has the network of a model leave when it is at rest.
    public func unload(_ model: ServedModel) {
        state.withLock { $0.plan.unload(model.slot.key) }
        goOn()
    }

    /// Reads the network of a model, unless it is in memory.
    ///
    /// - Parameters:
    ///   - model: whose network.
    ///   - completion: told whether it is in memory, on any thread.
    public func load(_ model: ServedModel, completion: @escaping @Sendable (Bool) -> Void) {
        let slot = model.slot
        wait(for: slot) { [self] result in
            if case .success = result {
                release(slot)
                completion(true)
            } else {
                completion(false)
            }
        }
    }

    /// Seconds for which nothing is done for a network that could not be read: others would leave for it in vain.
    private static let patience = 5.0

    /// Whether a network could not be read a short time ago.
    func isFailing(_ slot: NetworkSlot) -> Bool {
        state.withLock { isFailing(slot.key, $0) }
    }

    private func isFailing(_ key: MemoryPlan.Key, _ state: State) -> Bool {
        state.failures[key].map { clock() - $0 < Self.patience } ?? false
    }

    /// Seconds that reading a network may take, by the latest one.
    var expectedSeconds: Double { state.withLock { $0.lastSeconds } }
}

// MARK: - Uses

extension ModelMemory {
    /// Uses a network if it is in memory, until `release`; else it is wanted from now on.
    func use(_ slot: NetworkSlot) -> TranslationModel? {
        let network = state.withLock { state -> TranslationModel? in
            guard !isFailing(slot.key, state) else { return nil }
            return state.plan.use(slot.key, at: clock()) ? slot.network : nil
        }
        if network == nil { goOn() }
        return network
    }

    /// Uses a network if it is in memory, until `release`; else it is not wanted for that.
    func useIfPresent(_ slot: NetworkSlot) -> TranslationModel? {
        state.withLock { state in
            guard state.plan.isPresent(slot.key), state.plan.use(slot.key, at: clock()) else {
                return nil
            }
            return slot.network
        }
    }

    /// Uses a network when it is in memory; `release` ends that.
    ///
    /// - Parameters:
    ///   - slot: of a model that was adopted.
    ///   - completion: gets it, at once or on the thread that has read it.
    func wait(for slot: NetworkSlot, completion: @escaping Waiter) {
        let result = state.withLock { state -> Result<TranslationModel, Absence>? in
            guard state.plan.isKnown(slot.key), !isFailing(slot.key, state) else {
                return .failure(.unavailable)
            }
            if state.plan.use(slot.key, at: clock()), let network = slot.network {
                return .success(network)
            }
            state.waiters[slot.key, default: []].append(completion)
            return nil
        }
        if let result { completion(result) } else { goOn() }
    }

    /// Ends a use.
    func release(_ slot: NetworkSlot) {
        state.withLock { $0.plan.release(slot.key, at: clock()) }
        goOn()
    }

    /// Calls `body` on any thread after each network that is let go of, so that whoever holds it gives it back.
    ///
    /// - Returns: a number for `stopListening`.
    func listen(_ body: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.lastListener += 1
            state.listeners[state.lastListener] = body
            return state.lastListener
        }
    }

    /// Forgets a listener.
    func stopListening(_ number: Int) {
        _ = state.withLock { $0.listeners.removeValue(forKey: number) }
    }

    /// The last reference to a network has gone; may be called with any lock held.
    func noteFreed(bytes: Int) {
        queue.async { [self] in
            state.withLock { $0.plan.freed(bytes: bytes) }
            takeSteps()
        }
    }
}

// MARK: - Loading and letting go

extension ModelMemory {
    private func goOn() {
        guard state.withLock({ $0.plan.isAtWork }) else { return }
        queue.async { [self] in takeSteps() }
    }

    /// Does what the plan says; on the queue.
    private func takeSteps() {
        for step in state.withLock({ $0.plan.steps() }) {
            switch step {
            case .load(let key): load(key)
            case .drop(let key): drop(key)
            case .refuse(let key):
                guard let slot = slot(key) else { continue }
                report(.refused(model: slot.name, bytes: slot.byteCount ?? slot.estimatedBytes))
                fail(key)
            }
        }
    }

    private func slot(_ key: MemoryPlan.Key) -> NetworkSlot? {
        state.withLock { $0.slots[key] }
    }

    private func load(_ key: MemoryPlan.Key) {
        guard let slot = slot(key) else { return }
        state.withLock { $0.loading = key }
        let hasStarted = WorkerThread.start { [self] in
            let start = clock()
            do {
                try slot.fill()
                slot.tell(self)
                finish(slot, seconds: clock() - start)
            } catch {
                finish(slot, failure: "\(error)")
            }
        }
        if !hasStarted { finish(slot, failure: "the system gives no thread") }
    }

    private func finish(_ slot: NetworkSlot, seconds: Double) {
        guard let network = slot.network else { return }
        let bytes = network.byteCount
        report(
            .loaded(
                model: slot.name, seconds: seconds, bytes: bytes, mapped: network.mappedByteCount))
        let waiters = state.withLock { state in
            let waiters = state.waiters.removeValue(forKey: slot.key) ?? []
            state.plan.loaded(slot.key, bytes: bytes, uses: waiters.count, at: clock())
            state.loading = nil
            state.failures[slot.key] = nil
            state.lastSeconds = seconds
            return waiters
        }
        for waiter in waiters { waiter(.success(network)) }
        goOn()
    }

    private func finish(_ slot: NetworkSlot, failure: String) {
        report(.failed(model: slot.name, reason: failure))
        state.withLock { state in
            state.plan.failed(slot.key)
            state.loading = nil
        }
        fail(slot.key)
        goOn()
    }

    private func fail(_ key: MemoryPlan.Key) {
        let waiters = state.withLock { state in
            state.failures[key] = clock()
            defer { forgetIfGone(key, &state) }
            return state.waiters.removeValue(forKey: key) ?? []
        }
        for waiter in waiters { waiter(.failure(.unavailable)) }
    }

    private func drop(_ key: MemoryPlan.Key) {
        guard let slot = slot(key) else { return }
        slot.empty()
        let (listeners, isServed) = state.withLock { state in
            forgetIfGone(key, &state)
            return (Array(state.listeners.values), state.plan.isKnown(key))
        }
        // Another model may have the name of one that is retired.
        if isServed { report(.dropped(model: slot.name)) }
        for listener in listeners { listener() }
    }

    /// Forgets all about a network that the plan knows no more.
    private func forgetIfGone(_ key: MemoryPlan.Key, _ state: inout State) {
        guard !state.plan.isKnown(key) else { return }
        state.slots[key] = nil
        state.failures[key] = nil
    }
}
