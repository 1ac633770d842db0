import Configuration
import Glibc
import SentencePiece
import System

/// The vocabulary that a run has learnt, kept in its directory: a resumed run reads it again, so that
/// pieces keep their numbers whatever has become of the text.
struct VocabularyStore {
    /// Directory of the run.
    let directory: String
    /// Whether the run is resumed, and must have its vocabulary.
    let isResumed: Bool

    private var path: String { directory + "/vocabulary.spm" }

    /// The run's vocabulary: read where the run is resumed, else learnt and kept.
    ///
    /// - Parameter learn: makes one.
    /// - Returns: a serialised `sentencepiece.ModelProto`.
    /// - Throws: what `learn` throws, and `Failure` where the file cannot be read or written.
    func model(_ learn: () throws -> [UInt8]) throws -> [UInt8] {
        do {
            guard !isResumed else {
                return try RegularFile.bytes(path, limit: SentencePieceProcessor.modelByteLimit)
            }
            let model = try learn()
            try FolderMaking.make(directory)
            try AtomicFile.write(model, to: path)
            return model
        } catch let error as FileError {
            throw Failure("\(error)", code: isResumed ? EX_NOINPUT : EX_CANTCREAT)
        }
    }
}
