/// Which networks are in memory, which are to come, and which have to go so that all fit within a bound: decisions
/// alone, of which `ModelMemory` does the work.
///
/// One network is loaded at a time, in the order in which they were first wanted. Where there is no room, the ones that
/// were used the longest ago leave; one that is in use takes nothing new and leaves when it is at rest, so that what
/// waits for another is served in its turn, however busy the others are. What is pinned never leaves.
package struct MemoryPlan {
    /// A network, by a number that its owner gives.
    package typealias Key = Int

    /// What is to be done.
    package enum Step: Equatable {
        /// Read this network; `loaded` or `failed` follows.
        case load(Key)
        /// Let go of this network; `freed` follows.
        case drop(Key)
        /// There will never be room for this network; whoever waits for it waits in vain.
        case refuse(Key)
    }

    private enum Phase {
        case absent
        case loading
        case present
        /// Takes nothing new.
        case leaving
    }

    private struct Entry {
        var bytes: Int
        let isPinned: Bool
        var phase: Phase
        /// Who uses it now.
        var uses = 0
        var lastUse: Double
        /// Whether it is to leave as soon as it has been read and served those who wait for it.
        var leavesAgain = false
        /// Whether it is to leave for good when it is at rest.
        var isRetired = false
    }

    /// Bytes that all networks may have together; nil: as many as they need.
    package let limit: Int?
    /// Bytes of the networks that are in memory, and of the one that is being loaded.
    package private(set) var used = 0
    /// Bytes of these that were let go of and are still held by who uses them.
    private var dying = 0
    private var entries: [Key: Entry] = [:]
    /// Those to be loaded, in their order.
    private var wanted: [Key] = []
    private var isLoading = false

    /// Nothing is in memory.
    package init(limit: Int?) { self.limit = limit }

    /// Takes note of a network.
    ///
    /// - Parameters:
    ///   - key: its number, unused so far.
    ///   - bytes: of its weights in memory; an estimate where it is not there.
    ///   - isPinned: whether it never leaves.
    ///   - isPresent: whether it is in memory.
    ///   - now: the time.
    package mutating func add(
        _ key: Key, bytes: Int, isPinned: Bool, isPresent: Bool, at now: Double = 0
    ) {
        guard entries[key] == nil else { return }
        entries[key] = Entry(
            bytes: bytes, isPinned: isPinned, phase: isPresent ? .present : .absent, lastUse: now)
        if isPresent { used += bytes }
    }

    /// Whether a network is in memory and takes new uses.
    package func isPresent(_ key: Key) -> Bool { entries[key]?.phase == .present }

    /// Whether a network takes part.
    package func isKnown(_ key: Key) -> Bool { entries[key] != nil }

    /// Whether a network fits beside those that are there, without any of them leaving.
    package func hasRoom(for bytes: Int) -> Bool { limit.map { used + bytes <= $0 } ?? true }

    /// Begins to use a network that is in memory; what is not there is wanted from now on.
    ///
    /// - Returns: whether it is in use now; else it will be by `loaded`.
    package mutating func use(_ key: Key, at now: Double) -> Bool {
        guard let phase = entries[key]?.phase else { return false }
        guard phase == .present else {
            if phase != .loading, !wanted.contains(key) { wanted.append(key) }
            return false
        }
        entries[key]?.uses += 1
        entries[key]?.lastUse = now
        return true
    }

    /// Ends a use.
    package mutating func release(_ key: Key, at now: Double) {
        entries[key]?.uses -= 1
        entries[key]?.lastUse = now
    }

    /// A network has been loaded.
    ///
    /// - Parameters:
    ///   - key: which.
    ///   - bytes: what it takes in fact.
    ///   - uses: who waited for it and uses it now.
    ///   - now: the time.
    package mutating func loaded(_ key: Key, bytes: Int, uses: Int, at now: Double) {
        isLoading = false
        guard var entry = entries[key] else { return }
        used += bytes - entry.bytes
        entry.bytes = bytes
        entry.phase = entry.isRetired || entry.leavesAgain ? .leaving : .present
        entry.leavesAgain = false
        entry.uses = uses
        entry.lastUse = now
        entries[key] = entry
    }

    /// A network could not be loaded.
    package mutating func failed(_ key: Key) {
        isLoading = false
        guard let entry = entries[key] else { return }
        used -= entry.bytes
        entries[key]?.phase = .absent
        if entry.isRetired { entries[key] = nil }
    }

    /// What a network had in memory has been given back.
    package mutating func freed(bytes: Int) {
        used -= bytes
        dying = max(0, dying - bytes)
    }

    /// Has a network leave when it is at rest; it comes back when it is used.
    package mutating func unload(_ key: Key) {
        switch entries[key]?.phase {
        case .present: entries[key]?.phase = .leaving
        case .loading: entries[key]?.leavesAgain = true
        default: break
        }
    }

    /// Forgets a network when it is at rest.
    package mutating func retire(_ key: Key) {
        entries[key]?.isRetired = true
        switch entries[key]?.phase {
        case .present: entries[key]?.phase = .leaving
        case .absent where !wanted.contains(key): entries[key] = nil
        default: break
        }
    }

    /// Whether there may be something to do.
    package var isAtWork: Bool {
        !wanted.isEmpty || entries.values.contains { $0.phase == .leaving }
    }

    /// What is to be done now; nothing twice.
    package mutating func steps() -> [Step] {
        var steps = dropped()
        while !isLoading, let key = wanted.first {
            guard let entry = entries[key], entry.phase == .absent else {
                // One that leaves is loaded anew when it has left.
                if entries[key]?.phase == .leaving { break }
                wanted.removeFirst()
                continue
            }
            if hasRoom(for: entry.bytes) {
                wanted.removeFirst()
                isLoading = true
                used += entry.bytes
                entries[key]?.phase = .loading
                steps.append(.load(key))
            } else if canFit(entry) {
                makeRoom(for: entry.bytes)
                steps += dropped()
                break
            } else {
                wanted.removeFirst()
                if entry.isRetired { entries[key] = nil }
                steps.append(.refuse(key))
            }
        }
        return steps
    }

    /// Lets go of what leaves and is at rest.
    private mutating func dropped() -> [Step] {
        var steps: [Step] = []
        for (key, entry) in entries.sorted(by: { $0.key < $1.key })
        where entry.phase == .leaving && entry.uses == 0 {
            dying += entry.bytes
            entries[key]?.phase = .absent
            if entry.isRetired, !wanted.contains(key) { entries[key] = nil }
            steps.append(.drop(key))
        }
        return steps
    }

    /// Whether there is room for a network once all that may leave has left.
    private func canFit(_ entry: Entry) -> Bool {
        let staying = entries.values.reduce(0) { sum, other in
            let stays = other.isPinned && !other.isRetired && other.phase == .present
            return stays ? sum + other.bytes : sum
        }
        return staying + entry.bytes <= limit ?? .max
    }

    /// Has as many leave as have to, those at rest before those in use, the ones used the longest ago first.
    private mutating func makeRoom(for bytes: Int) {
        let leaving = entries.values.reduce(dying) { sum, entry in
            entry.phase == .leaving ? sum + entry.bytes : sum
        }
        var missing = used + bytes - (limit ?? .max) - leaving
        let candidates = entries.filter { $0.value.phase == .present && !$0.value.isPinned }
            .sorted { one, other in
                let (a, b) = (one.value, other.value)
                return (a.uses > 0 ? 1 : 0, a.lastUse, one.key)
                    < (b.uses > 0 ? 1 : 0, b.lastUse, other.key)
            }
        for (key, entry) in candidates {
            guard missing > 0 else { return }
            entries[key]?.phase = .leaving
            missing -= entry.bytes
        }
    }
}
