import Digest
import JSON
import System

/// Opens a checkpoint's files one after the other and keeps a list of them.
struct DirectoryReader {
    let directory: String
    /// In the place of a directory: a package in one file.
    private let package: PackedFolder?
    private(set) var files: [Checkpoint.File] = []

    /// The most bytes of a file: several times what the largest in use have.
    private enum ByteLimit {
        /// Settings, which have some kilobytes.
        static let settings = 1 << 20
        /// Vocabularies; half a million pieces have 8 MB.
        static let vocabulary = 16 << 20
        /// As in `SentencePieceProcessor`.
        static let model = 32 << 20
        /// Shortlists; those of 32,000 source ids with 50 candidates each have 7 MB.
        static let shortlist = 256 << 20
    }

    init(directory: String) throws(CheckpointError) {
        self.directory = directory
        guard directory.hasSuffix(Checkpoint.packageSuffix), !RegularFile.isAbsent(directory),
            (try? FolderListing.fileNames(directory)) == nil
        else {
            package = nil
            return
        }
        let (folder, name) = Self.parts(of: directory)
        package = try PackedFolder(OpenFile(name, in: folder))
    }

    private static func parts(of path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// Opens a file.
    func open(_ name: String) throws(CheckpointError) -> OpenFile {
        if let package { return try package.open(name) }
        return try OpenFile(name, in: directory)
    }

    /// Tells a missing directory and one that is no checkpoint's apart.
    func requireDirectory() throws(CheckpointError) {
        guard isAbsent("config.json") else { return }
        let isThere = !isAbsent("")
        throw CheckpointError(
            .fileMissing, file: isThere ? "config.json" : directory,
            found: isThere ? "no such file" : "no such directory",
            expected: "a checkpoint directory: config.json, model.safetensors, source.spm, "
                + "target.spm, vocab.json")
    }

    /// The names of all files in the directory, in the order of their bytes; none where it cannot be listed.
    func fileNames() throws(CheckpointError) -> [String] {
        if let package { return package.names }
        return try CheckpointError.converting { () throws(FileError) in
            try FolderListing.fileNames(directory)
        }
    }

    /// A model of Marian, where the directory has one: a file of NumPy, or one in Marian's own format that no config.json stands beside.
    mutating func marianModel() throws(CheckpointError) -> OpenFile? {
        guard !isAbsent(""), isAbsent("config.json") else { return nil }
        var models: [OpenFile] = []
        for name in try fileNames() where name.hasSuffix(".npz") || name.hasSuffix(".bin") {
            let opened = try open(name)
            let isModel = name.hasSuffix(".npz") ? true : try MarianBinary.isOne(opened)
            if isModel { models.append(opened) }
        }
        guard let model = models.first else { return nil }
        guard models.count == 1 else {
            throw CheckpointError(
                .unsupportedFormat, file: directory,
                found: "\(models.count) models: \(models.map(\.name).joined(separator: ", "))",
                expected: "one .npz or .bin in a directory")
        }
        files.append(.init(name: model.name, byteCount: model.byteCount, digest: nil))
        return model
    }

    /// A model of CTranslate2, where the directory has one, and the folder in it that model.bin is in: none, or that of a package of Argos
    /// Translate.
    mutating func ctranslate2Model() throws(CheckpointError) -> (file: OpenFile, folder: String)? {
        for folder in ["", ArgosPackage.folder] where holds(folder + "model.bin") {
            let model = try open(folder + "model.bin")
            guard try CTranslate2File.isOne(model) else { continue }
            files.append(.init(name: model.name, byteCount: model.byteCount, digest: nil))
            return (model, folder)
        }
        return nil
    }

    /// An array in JSON, a vocabulary.
    mutating func array(_ name: String) throws(CheckpointError) -> [JSONValue] {
        let bytes = try bytes(name, limit: ByteLimit.vocabulary)
        return try JSONFile.array(bytes, file: name)
    }

    /// A text file that numbers pieces.
    mutating func text(_ name: String) throws(CheckpointError) -> String {
        String(decoding: try bytes(name, limit: ByteLimit.vocabulary), as: UTF8.self)
    }

    /// Whether there is something of this name.
    func holds(_ name: String) -> Bool { !isAbsent(name) }

    /// The model's tensors in the first format that is there: safetensors, in one file or several, or a file of PyTorch.
    mutating func weights() throws(CheckpointError) -> Weights {
        let whole = "model.safetensors"
        let index = "model.safetensors.index.json"
        let torch = "pytorch_model.bin"
        if isAbsent(whole), !isAbsent(index) {
            return list(
                try Weights(shardIndex: index, try vocabulary(index), in: directory))
        }
        if isAbsent(whole), !isAbsent(torch) {
            return list(try Weights(torch: torch, in: directory))
        }
        return try safetensors(whole)
    }

    /// The bytes of a SentencePiece model.
    mutating func model(_ name: String) throws(CheckpointError) -> [UInt8] {
        try bytes(name, limit: ByteLimit.model)
    }

    /// The bytes of a shortlist.
    mutating func shortlistBytes(_ name: String) throws(CheckpointError) -> [UInt8] {
        try bytes(name, limit: ByteLimit.shortlist)
    }

    /// The bytes of a truecaser.
    mutating func truecaserBytes(_ name: String) throws(CheckpointError) -> [UInt8] {
        try bytes(name, limit: ByteLimit.vocabulary)
    }

    /// A text that is no part of the checkpoint; nil where it is larger than settings are, or cannot be read.
    func settingsText(_ name: String) -> String? {
        (try? content(name, limit: ByteLimit.settings)).map { String(decoding: $0, as: UTF8.self) }
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
        let bytes = try content(name, limit: limit)
        let digest = SHA256.digest(bytes)
        files.append(.init(name: name, byteCount: bytes.count, digest: digest))
        return bytes
    }

    private func content(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        if let package { return try package.bytes(name, limit: limit) }
        return try CheckpointError.converting(file: name) { () throws(FileError) in
            try RegularFile.bytes("\(directory)/\(name)", limit: limit)
        }
    }

    mutating func safetensors(_ name: String) throws(CheckpointError) -> Weights {
        list(try Weights(safetensors: name, in: directory))
    }

    private mutating func list(_ weights: Weights) -> Weights {
        for part in weights.parts {
            files.append(.init(name: part.name, byteCount: part.byteCount, digest: nil))
        }
        return weights
    }

    /// Exit heads, nil where there are none; a file without any is refused, for it is not the same.
    mutating func exitHeads(_ name: String) throws(CheckpointError) -> Weights? {
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
    private func isAbsent(_ name: String) -> Bool {
        if let package { return !name.isEmpty && !package.holds(name) }
        return RegularFile.isAbsent("\(directory)/\(name)")
    }
}
