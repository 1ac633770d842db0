import System
import TextPreparation

/// A glossary that the server keeps.
struct StoredGlossary: Sendable {
    let id: String
    var name: String
    /// Who made it; nil where no keys were configured, and for those of files.
    let owner: String?
    /// Whether it is from a file of the server's, and then everybody's.
    let isFromFile: Bool
    /// Seconds since 1970.
    let created: Int
    /// The languages that it is for; nil: those of the model.
    let languages: (source: String, target: String)?
    /// Nil where its dictionary was deleted.
    var glossary: Glossary?

    /// Bytes that it takes, about.
    var size: Int {
        (glossary?.entries ?? []).reduce(256) {
            $0 + $1.source.utf8.count * 3 + $1.target.utf8.count + 128
        }
    }
}

/// The glossaries that requests can name: those of the server's files, and those that clients made, until the server ends.
///
/// Each client sees its own and those of files. What clients make is bounded together.
final class GlossaryStore: Sendable {
    /// Most glossaries of clients.
    static let capacity = 1000
    /// Most bytes of them.
    static let byteCapacity = 64 << 20

    private struct State {
        var kept: [String: StoredGlossary] = [:]
        /// Ids in the order in which glossaries were made.
        var order: [String] = []
        var size = 0
    }

    private let state: Lock<State>

    /// A store of the server's files alone.
    init(files: [NamedGlossary]) {
        var state = State()
        for file in files {
            state.order.append(file.name)
            state.kept[file.name] = StoredGlossary(
                id: file.name, name: file.name, owner: nil, isFromFile: true,
                created: WallClock.seconds, languages: nil, glossary: file.glossary)
        }
        self.state = Lock(state)
    }

    /// All that a client may use, in the order in which they were made.
    func all(for holder: String?) -> [StoredGlossary] {
        state.withLock { state in
            state.order.compactMap { state.kept[$0] }.filter { Self.shows($0, to: holder) }
        }
    }

    /// A glossary by its id.
    ///
    /// - Throws: `glossary_not_found`, for those of others, too.
    func glossary(_ id: String, for holder: String?) throws(Problem) -> StoredGlossary {
        try state.withLock { state throws(Problem) in
            guard let found = state.kept[id], Self.shows(found, to: holder) else {
                throw Problem(
                    .glossaryNotFound,
                    "there is no such glossary; those that clients make are kept until the server ends"
                )
            }
            return found
        }
    }

    /// Keeps a new glossary.
    ///
    /// - Throws: `quota_exceeded`.
    func add(
        name: String, languages: (source: String, target: String), _ glossary: Glossary?,
        for holder: String?
    ) throws(Problem) -> StoredGlossary {
        let new = StoredGlossary(
            id: Self.newID(), name: name, owner: holder, isFromFile: false,
            created: WallClock.seconds, languages: languages, glossary: glossary)
        try state.withLock { state throws(Problem) in
            let count = state.kept.values.count { !$0.isFromFile }
            guard count < Self.capacity else { throw Self.full }
            try Self.resize(&state, by: new.size)
            state.kept[new.id] = new
            state.order.append(new.id)
        }
        return new
    }

    /// Changes a glossary.
    ///
    /// - Throws: `glossary_not_found`, `not_offered` for those of files, `quota_exceeded`, and what the change throws.
    func change(
        _ id: String, for holder: String?,
        _ change: (inout StoredGlossary) throws(Problem) -> Void
    ) throws(Problem) -> StoredGlossary {
        var changed = try own(id, for: holder)
        let size = changed.size
        try change(&changed)
        return try state.withLock { [changed] state throws(Problem) in
            guard state.kept[id] != nil else { return changed }
            try Self.resize(&state, by: changed.size - size)
            state.kept[id] = changed
            return changed
        }
    }

    /// Forgets a glossary.
    ///
    /// - Throws: `glossary_not_found`, `not_offered` for those of files.
    func remove(_ id: String, for holder: String?) throws(Problem) {
        _ = try own(id, for: holder)
        state.withLock { state in
            guard let removed = state.kept.removeValue(forKey: id) else { return }
            state.size -= removed.size
            state.order.removeAll { $0 == id }
        }
    }

    /// A glossary that a client may change.
    private func own(_ id: String, for holder: String?) throws(Problem) -> StoredGlossary {
        let found = try glossary(id, for: holder)
        guard !found.isFromFile else {
            throw Problem(.notOffered, "a glossary of a file is changed in the file")
        }
        return found
    }

    private static func shows(_ glossary: StoredGlossary, to holder: String?) -> Bool {
        glossary.isFromFile || glossary.owner == holder
    }

    private static func resize(_ state: inout State, by bytes: Int) throws(Problem) {
        guard bytes <= 0 || state.size + bytes <= byteCapacity else { throw full }
        state.size += bytes
    }

    private static let full = Problem(
        .quotaExceeded, "the server keeps no more glossaries; delete one that is not needed")

    /// 128 random bits, written as DeepL writes its ids.
    private static func newID() -> String {
        let digits = Array(
            Hexadecimal.text((0..<16).map { _ in UInt8.random(in: 0...UInt8.max) }))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
            .joined(separator: "-")
    }
}
