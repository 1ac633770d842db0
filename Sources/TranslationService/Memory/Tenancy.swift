import System
import TranslationModel

/// The use that a request makes of a network: begins when it is in memory, ends with the answer.
package final class Tenancy: Sendable {
    private let memory: ModelMemory
    private let slot: NetworkSlot
    private let state = Lock(State.waiting)

    private enum State {
        case waiting
        case using(TranslationModel)
        case ended
    }

    init(of slot: NetworkSlot, in memory: ModelMemory) {
        self.slot = slot
        self.memory = memory
    }

    /// The network; nil before the use and after it.
    var network: TranslationModel? {
        state.withLock { state in
            if case .using(let network) = state { network } else { nil }
        }
    }

    /// Begins the use of a network that is in memory.
    ///
    /// - Returns: false where it is not; it is wanted from now on.
    func begin() -> Bool {
        guard let network = memory.use(slot) else { return false }
        begin(network)
        return true
    }

    /// Begins the use when the network is in memory.
    ///
    /// - Parameter completion: told whether it is, once; a use that has ended before ends again at once.
    func beginLater(_ completion: @escaping @Sendable (Bool) -> Void) {
        memory.wait(for: slot) { [self] result in
            if case .success(let network) = result {
                begin(network)
                completion(true)
            } else {
                completion(false)
            }
        }
    }

    private func begin(_ network: TranslationModel) {
        let isWanted = state.withLock { state in
            guard case .waiting = state else { return false }
            state = .using(network)
            return true
        }
        if !isWanted { memory.release(slot) }
    }

    /// Ends the use, once.
    func end() {
        let old = state.withLock { state in
            defer { state = .ended }
            return state
        }
        if case .using = old { memory.release(slot) }
    }
}
