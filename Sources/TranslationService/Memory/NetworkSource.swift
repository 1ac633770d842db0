import Checkpoint
import System
import Tensor
import TranslationModel

/// Reads the network of a checkpoint as often as it is wanted, always the same one.
final class NetworkSource: Sendable {
    private let precision: Precision
    private let releasesContent: Bool
    /// What was opened first; a checkpoint that was unpacked in memory is given back after the first reading.
    private let state: Lock<State>
    private let directory: String

    private struct State {
        var checkpoint: Checkpoint?
        /// Of what was opened first.
        var checksums: Checkpoint.Checksums?
    }

    init(_ checkpoint: Checkpoint, precision: Precision, releasesContent: Bool) {
        self.releasesContent = releasesContent
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
        let checksums = try checkpoint.checksums()
        state.withLock { state in
            state.checksums = checksums
            if releasesContent, checkpoint.isUnpacked { state.checkpoint = nil }
        }
        return checksums
    }

    /// Reads the network.
    ///
    /// - Parameter token: lives as long as the network.
    /// - Returns: the same network every time.
    /// - Throws: what is wrong with a tensor; `fileChanged` for weights that are not those that were opened first.
    func read(keeping token: NetworkToken) throws -> TranslationModel {
        let checkpoint = try opened()
        let network = try TranslationModel(checkpoint, precision: precision, keeping: token)
        guard let known = state.withLock({ $0.checksums }) else { return network }
        guard try checkpoint.checksums() == known else {
            throw CheckpointError(
                .fileChanged, file: checkpoint.weights.file,
                found: "another checkpoint than when the model was opened",
                expected: "the same; a reload takes the new one")
        }
        return network
    }

    private func opened() throws -> Checkpoint {
        if let checkpoint = state.withLock({ $0.checkpoint }) { return checkpoint }
        return try Checkpoint(directory: directory)
    }
}
