import Checkpoint
import System
import Tensor
import TranslationModel

/// Reads the network of a checkpoint as often as it is wanted, always the same one: from its pack where there is one, else from its
/// weights.
final class NetworkSource: Sendable {
    /// The model's, for reports.
    private let name: String
    private let precision: Precision
    private let releasesContent: Bool
    private let packs: PackStore?
    /// What was opened first; a checkpoint that was unpacked in memory is given back after the first reading.
    private let state: Lock<State>
    private let directory: String

    private struct State {
        var checkpoint: Checkpoint?
        /// Of what was opened first.
        var checksums: Checkpoint.Checksums?
    }

    init(
        _ checkpoint: Checkpoint, name: String, precision: Precision, releasesContent: Bool,
        packs: PackStore?
    ) {
        self.name = name
        self.releasesContent = releasesContent
        self.packs = packs
        directory = checkpoint.directory
        self.precision = precision
        state = Lock(State(checkpoint: checkpoint))
    }

    /// What tells the checkpoint from others.
    ///
    /// - Throws: `fileChanged` for weights that are not what was opened.
    func checksums() throws -> Checkpoint.Checksums {
        if let known = state.withLock({ $0.checksums }) { return known }
        let checkpoint = try opened()
        let digests = try packs?.digests(of: checkpoint) ?? checkpoint.weightDigests()
        let checksums = checkpoint.checksums(of: digests)
        packs?.offer(
            name, nil, of: checkpoint, digests, network: checksums.network, replaces: false)
        try take(checksums, of: checkpoint)
        return checksums
    }

    /// Reads the network.
    ///
    /// - Parameter token: lives as long as the network.
    /// - Returns: the same network every time.
    /// - Throws: what is wrong with a tensor; `fileChanged` for weights that are not those that were opened first.
    func read(keeping token: NetworkToken) throws -> TranslationModel {
        let checkpoint = try opened()
        var digests: [Checkpoint.WeightDigest]?
        let (pack, isUnusable) = try pack(of: checkpoint) { digests = $0 }
        let network = try TranslationModel(
            checkpoint, precision: precision, pack: pack, keeping: token)
        // Of weights that were read digests are made behind the last tensor: they tell whether it was one file all the time.
        if !network.isMapped { digests = nil }
        let known = try digests ?? packs?.digests(of: checkpoint) ?? checkpoint.weightDigests()
        let checksums = checkpoint.checksums(of: known)
        try take(checksums, of: checkpoint)
        packs?.offer(
            name, network, of: checkpoint, known, network: checksums.network,
            replaces: isUnusable || pack != nil)
        return network
    }

    private func pack(
        of checkpoint: Checkpoint, note: ([Checkpoint.WeightDigest]) -> Void
    ) throws -> (pack: NetworkPack?, isUnusable: Bool) {
        guard let packs else { return (nil, false) }
        return try packs.pack(of: name, checkpoint, kind: NetworkPack.kind(precision)) {
            () throws(CheckpointError) in
            let digests = try packs.digests(of: checkpoint)
            note(digests)
            return checkpoint.checksums(of: digests).network
        }
    }

    /// Takes note of the checksums, or makes sure that they are those of before.
    private func take(_ checksums: Checkpoint.Checksums, of checkpoint: Checkpoint) throws {
        let isOther = state.withLock { state in
            if let known = state.checksums { return known != checksums }
            state.checksums = checksums
            if releasesContent, checkpoint.isUnpacked { state.checkpoint = nil }
            return false
        }
        guard isOther else { return }
        throw CheckpointError(
            .fileChanged, file: checkpoint.weights.file,
            found: "another checkpoint than when the model was opened",
            expected: "the same; a reload takes the new one")
    }

    private func opened() throws -> Checkpoint {
        if let checkpoint = state.withLock({ $0.checkpoint }) { return checkpoint }
        return try Checkpoint(directory: directory)
    }
}
