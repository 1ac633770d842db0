import Checkpoint
import Glibc
import System
import Tensor
import TranslationModel

/// Packed weights on disk: maps them where they are of the checkpoint that is wanted, and writes them where they are not.
///
/// Shared by all models of a process. Nothing is written before `begin`; from then on one thread does it, after all others.
public final class PackStore: Sendable {
    /// What happens to packs.
    public enum Event: Sendable, Equatable {
        /// One was written, of so many bytes.
        case written(model: String, path: String, bytes: Int)
        /// One is there and is not used, and why; it is written anew.
        case unusable(model: String, path: String, reason: String)
        /// One cannot be written, and why.
        case unwritable(model: String, reason: String)
    }

    /// What is to be written for a checkpoint.
    private struct Job {
        let model: String
        let folder: String
        let owners: Set<UInt32>
        let digests: [Checkpoint.WeightDigest]
        /// `Checkpoint.Checksums.network`.
        let network: String
        /// Whether what is there is known to be unusable.
        let replaces: Bool
        /// Nil: only digests are to be written.
        let pack: Pack?

        struct Pack {
            weak var source: TranslationModel?
        }
    }

    private struct State {
        var jobs: [Job] = []
        var hasBegun = false
        var isWriting = false
        var isStopped = false
    }

    private let place: PackPlace
    private let report: @Sendable (Event) -> Void
    private let state = Monitor(State())

    /// Reads from now on.
    ///
    /// - Parameters:
    ///   - place: where packs are; nil is returned where that is nowhere.
    ///   - report: told what happens, on any thread; must not block.
    public init?(_ place: PackPlace, report: @escaping @Sendable (Event) -> Void = { _ in }) {
        guard place != .nowhere else { return nil }
        self.place = place
        self.report = report
    }

    /// Writes what was missing so far, and what will be, on a thread of its own.
    public func begin() {
        state.withLock { $0.hasBegun = true }
        goOn()
    }

    /// Writes nothing more, and waits until a pack that is being written is given up: at most some MiB more go to the disk.
    public func stop() {
        state.withLock { state in
            state.isStopped = true
            state.jobs = []
        }
        _ = state.wait { $0.isWriting ? nil : true }
    }

    /// Waits until nothing more is to be written; `begin` has been called.
    public func finish() {
        _ = state.wait { $0.isWriting || !$0.jobs.isEmpty ? nil : true }
    }
}

// MARK: - Reading

extension PackStore {
    /// The digests of a checkpoint's weights, of which those are believed that were written down for the very files.
    func digests(of checkpoint: Checkpoint) throws(CheckpointError) -> [Checkpoint.WeightDigest] {
        let path = Self.listPath(folder(of: checkpoint))
        let list = try? MappedFile(path, owners: checkpoint.weightOwners)
        let known = list.flatMap { DigestList.parse($0.withBytes { Array($0) }) } ?? []
        return try checkpoint.weightDigests(knowing: known)
    }

    /// The pack of a network.
    ///
    /// - Parameters:
    ///   - model: the name for reports.
    ///   - checkpoint: that the network is of.
    ///   - kind: of the pack.
    ///   - network: the checksum of the checkpoint's network; asked where there is a file at all.
    /// - Returns: nil where there is none that can be used; whether there is one that cannot.
    /// - Throws: what `network` throws.
    func pack(
        of model: String, _ checkpoint: Checkpoint, kind: String,
        network: () throws(CheckpointError) -> String
    ) throws(CheckpointError) -> (pack: NetworkPack?, isUnusable: Bool) {
        let path = Self.packPath(folder(of: checkpoint), kind)
        guard !checkpoint.isUnpacked, !RegularFile.isAbsent(path) else { return (nil, false) }
        let network = try network()
        do throws(NetworkPack.Fault) {
            let pack = try NetworkPack(
                path, kind: kind, network: network, owners: checkpoint.weightOwners)
            return (pack, false)
        } catch {
            report(.unusable(model: model, path: path, reason: error.description))
            return (nil, true)
        }
    }

    /// What there is of a model on disk.
    public enum Look: Sendable, Equatable {
        /// Nothing.
        case absent
        /// A pack of so many bytes, all of which were checked.
        case usable(path: String, bytes: Int)
        /// One that is not used, and why.
        case unusable(path: String, reason: String)
    }

    /// Looks at the pack that a start of a model would map on this machine, without any event.
    public func look(at model: ServedModel) -> Look {
        let kind = NetworkPack.kind(model.precision)
        let path = Self.packPath(folder(of: model.checkpoint), kind)
        guard !model.checkpoint.isUnpacked, !RegularFile.isAbsent(path) else { return .absent }
        do throws(NetworkPack.Fault) {
            let pack = try NetworkPack(
                path, kind: kind, network: model.networkChecksum,
                owners: model.checkpoint.weightOwners)
            return .usable(path: path, bytes: pack.byteCount)
        } catch {
            return .unusable(path: path, reason: error.description)
        }
    }

    private func folder(of checkpoint: Checkpoint) -> String {
        guard let folder = place.folder(for: checkpoint.directory) else {
            preconditionFailure("a store has a place")
        }
        return folder
    }

    private static func packPath(_ folder: String, _ kind: String) -> String {
        "\(folder)/\(kind).pack"
    }
    private static func listPath(_ folder: String) -> String { "\(folder)/digests" }
}

// MARK: - Writing

extension PackStore {
    /// Has a network's pack written, unless it is mapped from one, and the digests of its weights, unless they are known.
    ///
    /// - Parameters:
    ///   - model: the name for reports.
    ///   - source: the network; what has left the memory before its turn is not written. Nil: digests alone.
    ///   - checkpoint: that it is of.
    ///   - digests: of the checkpoint's weights.
    ///   - network: the checksum of the checkpoint's network.
    ///   - replaces: whether the pack that is there is known to be unusable.
    func offer(
        _ model: String, _ source: TranslationModel?, of checkpoint: Checkpoint,
        _ digests: [Checkpoint.WeightDigest], network: String, replaces: Bool
    ) {
        guard !checkpoint.isUnpacked else { return }
        let pack = source.flatMap { $0.isMapped ? nil : Job.Pack(source: $0) }
        let job = Job(
            model: model, folder: folder(of: checkpoint),
            owners: checkpoint.weightOwners, digests: digests, network: network,
            replaces: replaces, pack: pack)
        state.withLock { if !$0.isStopped { $0.jobs.append(job) } }
        goOn()
    }

    private func goOn() {
        let starts = state.withLock { state in
            guard state.hasBegun, !state.isStopped, !state.isWriting, !state.jobs.isEmpty else {
                return false
            }
            state.isWriting = true
            return true
        }
        guard starts else { return }
        let hasStarted = WorkerThread.start(niceness: 19) { [self] in
            WorkerThread.yieldDisk()
            while let job = next() { write(job) }
        }
        if !hasStarted { state.change { $0.isWriting = false } }
    }

    /// The next job; nil ends the thread.
    private func next() -> Job? {
        state.change { state in
            guard !state.isStopped, !state.jobs.isEmpty else {
                state.isWriting = false
                return nil
            }
            return state.jobs.removeFirst()
        }
    }

    private func write(_ job: Job) {
        do throws(FileError) {
            try writeDigests(job)
            try writePack(job)
        } catch {
            // Who has a pack goes without the digests of a folder that cannot be written.
            guard job.pack != nil else { return }
            report(.unwritable(model: job.model, reason: error.description))
        }
    }

    private func writeDigests(_ job: Job) throws(FileError) {
        let path = Self.listPath(job.folder)
        let text = DigestList.text(job.digests)
        let old = try? MappedFile(path, owners: job.owners)
        guard old?.withBytes({ $0.elementsEqual(text) }) != true else { return }
        try Self.makeFolder(job.folder)
        var file = try PartialFile(path, permissions: 0o644)
        try file.truncate(to: 0)
        try file.append(text)
        try file.commit()
    }

    private func writePack(_ job: Job) throws(FileError) {
        guard let source = job.pack?.source else { return }
        let path = Self.packPath(job.folder, source.packKind)
        let isThere =
            !job.replaces
            && NetworkPack.isPresent(
                path, kind: source.packKind, network: job.network, owners: job.owners)
        guard !isThere else { return }
        let count = try source.writePack(to: path, network: job.network) {
            state.withLock { $0.isStopped }
        }
        if let count { report(.written(model: job.model, path: path, bytes: count)) }
    }

    /// Makes the folder, and refuses a link in its place: it would lead to where nobody said that anything is to be written.
    private static func makeFolder(_ folder: String) throws(FileError) {
        try FolderMaking.make(folder)
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw FileError(
                .unwritable, folder, found: "something that is not a folder", expected: "a folder")
        }
    }
}
