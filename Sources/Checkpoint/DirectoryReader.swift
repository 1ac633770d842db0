import JSON

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
        guard RegularFile.exists("config.json", in: directory) else {
            let isThere = RegularFile.exists("", in: directory)
            throw CheckpointError(
                .fileMissing, file: isThere ? "config.json" : directory,
                found: isThere ? "no such file" : "no such directory",
                expected: "a checkpoint directory: config.json, model.safetensors, source.spm, "
                    + "target.spm, vocab.json")
        }
        guard !RegularFile.exists("model.safetensors", in: directory),
            RegularFile.exists("pytorch_model.bin", in: directory)
        else { return }
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
        let bytes = try RegularFile(named: name, in: directory).bytes(limit: Self.byteLimit)
        files.append(.init(name: name, byteCount: bytes.count))
        return bytes
    }

    mutating func object(_ name: String) throws(CheckpointError) -> JSONObject {
        try JSONFile.object(bytes(name), file: name)
    }

    mutating func optionalObject(_ name: String) throws(CheckpointError) -> JSONObject? {
        RegularFile.exists(name, in: directory) ? try object(name) : nil
    }

    mutating func safetensors(_ name: String) throws(CheckpointError) -> Safetensors {
        let file = try Safetensors(file: name, in: directory)
        files.append(.init(name: name, byteCount: file.byteCount))
        return file
    }

    mutating func optionalSafetensors(_ name: String) throws(CheckpointError) -> Safetensors? {
        RegularFile.exists(name, in: directory) ? try safetensors(name) : nil
    }
}
