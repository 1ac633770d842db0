import Digest
import JSON
import System

/// Opens a checkpoint's files one after the other and keeps a list of them.
struct DirectoryReader {
    let directory: String
    private(set) var files: [Checkpoint.File] = []

    /// The most bytes of a file: several times what the largest in use have.
    private enum ByteLimit {
        /// Settings, which have some kilobytes.
        static let settings = 1 << 20
        /// Vocabularies; half a million pieces have 8 MB.
        static let vocabulary = 16 << 20
        /// As in `SentencePieceProcessor`.
        static let model = 32 << 20
    }

    init(directory: String) {
        self.directory = directory
    }

    /// Tells apart a missing directory, and one whose weights are in a format that runs code.
    func refuseOtherFormats() throws(CheckpointError) {
        guard !isAbsent("config.json") else {
            let isThere = !isAbsent("")
            throw CheckpointError(
                .fileMissing, file: isThere ? "config.json" : directory,
                found: isThere ? "no such file" : "no such directory",
                expected: "a checkpoint directory: config.json, model.safetensors, source.spm, "
                    + "target.spm, vocab.json")
        }
        guard isAbsent("model.safetensors"), !isAbsent("pytorch_model.bin") else { return }
        throw CheckpointError(
            .unsupportedFormat, file: "pytorch_model.bin",
            found: "weights as a pickle, which can run code and is never read",
            expected: """
                model.safetensors; to re-save: python3 -c 'import sys; from transformers import \
                MarianMTModel as M; M.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[1], \
                safe_serialization=True)' '\(directory)'
                """)
    }

    /// The bytes of a SentencePiece model.
    mutating func model(_ name: String) throws(CheckpointError) -> [UInt8] {
        try bytes(name, limit: ByteLimit.model)
    }

    mutating func vocabulary(_ name: String) throws(CheckpointError) -> JSONObject {
        try JSONFile.object(bytes(name, limit: ByteLimit.vocabulary), file: name)
    }

    mutating func settings(_ name: String) throws(CheckpointError) -> JSONObject {
        try JSONFile.object(bytes(name, limit: ByteLimit.settings), file: name)
    }

    mutating func optionalSettings(_ name: String) throws(CheckpointError) -> JSONObject? {
        isAbsent(name) ? nil : try settings(name)
    }

    private mutating func bytes(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        let bytes = try CheckpointError.converting(file: name) { () throws(FileError) in
            try RegularFile.bytes("\(directory)/\(name)", limit: limit)
        }
        let digest = SHA256.digest(bytes)
        files.append(.init(name: name, byteCount: bytes.count, digest: digest))
        return bytes
    }

    mutating func safetensors(_ name: String) throws(CheckpointError) -> Safetensors {
        let file = try Safetensors(file: name, in: directory)
        files.append(.init(name: name, byteCount: file.byteCount, digest: nil))
        return file
    }

    /// Exit heads, nil where there are none; a file without any is refused, for it is not the same.
    mutating func exitHeads(_ name: String) throws(CheckpointError) -> Safetensors? {
        guard !isAbsent(name) else { return nil }
        let file = try safetensors(name)
        guard !file.entries.isEmpty else {
            throw CheckpointError(
                .malformedSafetensors, file: name, found: "no tensors",
                expected: "exit heads or classifiers, or no such file")
        }
        return file
    }

    /// Whether a file is not there at all; one that cannot be read is not absent.
    private func isAbsent(_ name: String) -> Bool { RegularFile.isAbsent("\(directory)/\(name)") }
}
