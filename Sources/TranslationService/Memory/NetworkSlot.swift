import Synchronization
import System
import TranslationModel

/// The place of a model's network, which may be in memory or not.
///
/// What speaks of a model without computing (its configuration, vocabularies, languages) stays in memory always; the
/// network is most of its bytes.
final class NetworkSlot: Sendable {
    /// Unique in the process.
    let key: MemoryPlan.Key
    /// Name of the model, for reports.
    let name: String
    /// Whether the network never leaves.
    let isPinned: Bool
    /// What it will take in memory, as far as that can be said before it is read.
    let estimatedBytes: Int
    private let read: @Sendable (NetworkToken) throws -> TranslationModel
    private let storage: Lock<(network: TranslationModel, token: NetworkToken)?>

    private static let lastKey = Atomic(0)

    /// A place without a network.
    ///
    /// - Parameters:
    ///   - name: of the model.
    ///   - isPinned: whether the network never leaves.
    ///   - estimatedBytes: what it will take in memory.
    ///   - read: reads it, with a token that it keeps.
    init(
        name: String, isPinned: Bool, estimatedBytes: Int,
        read: @escaping @Sendable (NetworkToken) throws -> TranslationModel
    ) {
        key = Self.lastKey.wrappingAdd(1, ordering: .relaxed).newValue
        self.name = name
        self.isPinned = isPinned
        self.estimatedBytes = estimatedBytes
        self.read = read
        storage = Lock(nil)
    }

    /// What is in memory.
    var network: TranslationModel? { storage.withLock { $0?.network } }

    /// Bytes of the network in memory; nil where there is none.
    var byteCount: Int? { network?.byteCount }

    /// Reads the network; takes as long as that takes.
    ///
    /// - Throws: what is wrong with the checkpoint.
    func fill() throws {
        let token = NetworkToken()
        let network = try read(token)
        storage.withLock { $0 = (network, token) }
    }

    /// Has a memory know when the network in place is given back, whoever holds it last.
    func tell(_ memory: ModelMemory) {
        storage.withLock { place in
            guard let place else { return }
            place.token.bind(to: memory, bytes: place.network.byteCount)
        }
    }

    /// Lets go of the network; those who use it keep it as long as they do.
    func empty() {
        // Outside the lock: this may be the last reference.
        _ = storage.withLock { place in
            defer { place = nil }
            return place
        }
    }
}

/// Lives as long as a network, and tells the memory that counts it when that ends.
final class NetworkToken: Sendable {
    private let owner = Lock(Owner())

    private struct Owner {
        weak var memory: ModelMemory?
        var bytes = 0
    }

    /// Counts so many bytes from now on, once.
    func bind(to memory: ModelMemory, bytes: Int) {
        owner.withLock { owner in
            if owner.memory == nil { owner = Owner(memory: memory, bytes: bytes) }
        }
    }

    deinit {
        let owner = owner.withLock { $0 }
        owner.memory?.noteFreed(bytes: owner.bytes)
    }
}
