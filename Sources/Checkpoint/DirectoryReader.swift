import JSON
import System

/// Opens a checkpoint's files one after the other and keeps a list of them.
struct DirectoryReader {
    let directory: String
    private(set) var files: [Checkpoint.File] = []

    /// Vocabularies of a million pieces and SentencePiece models fit many times over.
    private static let byteLimit = 64 << 20

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

    mutating func bytes(_ name: String) throws(CheckpointError) -> [UInt8] {
        let bytes = try CheckpointError.converting(file: name) { () throws(FileError) in
            try RegularFile.bytes("\(directory)/\(name)", limit: Self.byteLimit)
        }
        files.append(.init(name: name, byteCount: bytes.count))
        return bytes
    }

    mutating func object(_ name: String) throws(CheckpointError) -> JSONObject {
        try JSONFile.object(bytes(name), file: name)
    }

    mutating func optionalObject(_ name: String) throws(CheckpointError) -> JSONObject? {
        isAbsent(name) ? nil : try object(name)
    }

    mutating func safetensors(_ name: String) throws(CheckpointError) -> Safetensors {
        let file = try Safetensors(file: name, in: directory)
        files.append(.init(name: name, byteCount: file.byteCount))
        return file
    }

    mutating func optionalSafetensors(_ name: String) throws(CheckpointError) -> Safetensors? {
        isAbsent(name) ? nil : try safetensors(name)
    }

    /// Whether a file is not there at all; one that cannot be read is not absent.
    private func isAbsent(_ name: String) -> Bool { RegularFile.isAbsent("\(directory)/\(name)") }
}
