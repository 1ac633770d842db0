import Digest
import JSON
public import System

/// A checkpoint directory, read and checked: configuration, vocabularies, exits, weights.
///
/// Loading runs nothing from the directory; of a pickle it takes tensors and nothing else. Weights stay on disk until they
/// are asked for, tensor by tensor; whoever builds the model thereby checks that all are there.
public struct Checkpoint: Sendable {
    /// A file of the directory that the checkpoint was made from.
    public struct File: Sendable, Equatable {
        /// Its name in the directory.
        public let name: String
        /// Its size in bytes.
        public let byteCount: Int
        /// SHA-256 of its bytes; nil for weights, which are read when they are asked for.
        let digest: [UInt8]?
    }

    /// The directory, as it was given.
    public let directory: String
    /// The files that were read; what `checksum` covers.
    public let files: [File]
    /// config.json with the banned ids of generation_config.json.
    public let configuration: ModelConfiguration
    /// The object that `configuration` was read from, config.json or what stands for it.
    let settings: JSONObject
    /// Whether the small files are those of the canonical form.
    let isCanonical: Bool
    /// tokenizer_config.json, or its defaults.
    public let tokenizer: TokenizerConfiguration
    /// vocab.json, or what stands for it.
    public let sourceVocabulary: Vocabulary
    /// target_vocab.json where `separate_vocabs` is set, else vocab.json.
    public let targetVocabulary: Vocabulary
    /// exits.json, or its defaults.
    public let exits: ExitsConfiguration
    /// model.safetensors, or what stands for it.
    public private(set) var weights: Weights
    /// exits.safetensors, nil where there is none.
    public private(set) var exitHeads: Weights?
    /// shortlist.bin, or what stands for it; nil where there is none.
    public let shortlist: Shortlist?
    /// truecase.txt; nil where there is none.
    public let truecaser: TruecaseModel?
    /// The bytes of source.spm, or of what stands for it, unparsed.
    public let sourceModel: [UInt8]
    /// The bytes of target.spm, or of what stands for it, unparsed.
    public let targetModel: [UInt8]

    /// Reads a directory.
    ///
    /// - Parameter directory: a path without a trailing slash, absolute or relative; also that of a package in one file (`.argosmodel`).
    /// - Throws: the first fault, with file, tensor or key, what was found and what is expected.
    public init(directory: String) throws(CheckpointError) {
        var reader = try DirectoryReader(directory: directory)
        let parts = try CheckpointParts(&reader)
        configuration = parts.configuration
        settings = parts.settings
        tokenizer = parts.tokenizer
        sourceVocabulary = parts.sourceVocabulary
        targetVocabulary = parts.targetVocabulary
        sourceModel = parts.models.source
        targetModel = parts.models.target
        weights = parts.weights
        isCanonical = parts.isCanonical
        exits = try ExitsConfiguration(
            reader.optionalSettings(Self.exitsFile), decoderLayers: configuration.decoder.layers,
            attentionHeads: configuration.decoder.heads,
            targetVocabularySize: configuration.targetVocabularySize)
        exitHeads = try reader.exitHeads(Self.exitHeadsFile)
        shortlist = try reader.shortlist(sourceVocabulary, targetVocabulary, configuration)
        truecaser = try reader.truecaser(Self.truecaserFile)
        self.directory = directory
        files = reader.files
    }

    /// Whether weights were unpacked from an archive, so that they are in memory.
    public var isUnpacked: Bool { weights.isUnpacked || exitHeads?.isUnpacked == true }

    /// The same checkpoint without weights that were unpacked in memory; who needs them opens it anew.
    public func releasingContent() -> Checkpoint {
        var checkpoint = self
        checkpoint.weights = weights.releasingContent()
        checkpoint.exitHeads = exitHeads?.releasingContent()
        return checkpoint
    }

    /// Whether a directory has a file that only checkpoints have, in any format that is read.
    public static func isOne(_ directory: String) -> Bool {
        if directory.hasSuffix(packageSuffix) { return true }
        let names = (try? FolderListing.fileNames(directory)) ?? []
        return names.contains { name in
            name == "config.json" || name == ArgosPackage.metadata || name.hasSuffix(".npz")
                || name.hasSuffix(".bin")
        }
    }

    /// The names of all files that a checkpoint directory can hold: whoever writes another checkpoint in
    /// its place replaces these and nothing else.
    public static let fileNames: Set<String> = [
        "config.json", "generation_config.json", "tokenizer_config.json", "vocab.json",
        "target_vocab.json", "source.spm", "target.spm", "model.safetensors", exitsFile,
        exitHeadsFile, shortlistFile, truecaserFile,
    ]

    /// What a package of Argos Translate in one file is called, by its end.
    public static let packageSuffix = ".argosmodel"

    /// What a shortlist is called in a directory in the canonical form.
    public static let shortlistFile = "shortlist.bin"

    /// What a truecaser is called.
    public static let truecaserFile = "truecase.txt"

    static let exitsFile = "exits.json"
    static let exitHeadsFile = "exits.safetensors"

    /// SHA-256 in hexadecimal over all files that were read, the same on every machine.
    ///
    /// - Returns: `checksums().files`.
    /// - Throws: as `checksums`.
    public func checksum() throws(CheckpointError) -> String { try checksums().files }

    /// What tells checkpoints apart, each 64 hexadecimal digits.
    public struct Checksums: Sendable, Equatable {
        /// Of all files.
        public let files: String
        /// Of all but exits.json, the shortlist and the truecaser, and of which classifiers exits use: of what outputs follow from once a rule is given.
        public let network: String
    }

    /// SHA-256 over the files that were read, the same on every machine.
    ///
    /// Each is that of the list that `sha256sum` writes: for each file, in the order of their names' bytes, the
    /// digest in hexadecimal, two blanks, the name, a line feed. Small files were hashed as they were read.
    /// Weights are hashed here, through the descriptor that their tensors are read from; called after the
    /// last tensor was read, it therefore also finds out whether they were written to meanwhile. Reads the
    /// weights once.
    ///
    /// - Returns: of all files, and of those that are the network's.
    /// - Throws: `fileChanged` for weights that are not what was opened; `fileUnreadable`.
    public func checksums() throws(CheckpointError) -> Checksums {
        checksums(of: try weightDigests())
    }

    /// The digest of a file of weights, and which file that was.
    public struct WeightDigest: Sendable, Equatable {
        /// The file's name.
        public let name: String
        /// SHA-256 of its bytes.
        public let digest: [UInt8]
        /// Of the file, from before it was hashed; nil where it may change without that being seen.
        public let identity: FileIdentity?

        /// Takes what was found out before.
        public init(name: String, digest: [UInt8], identity: FileIdentity?) {
            self.name = name
            self.digest = digest
            self.identity = identity
        }
    }

    /// SHA-256 of each file of weights, as `checksums` says.
    ///
    /// - Parameter known: digests of before, believed where the file's identity is still the same: its bytes are not read then.
    /// - Returns: in no order that matters.
    /// - Throws: as `checksums`.
    public func weightDigests(
        knowing known: [WeightDigest] = []
    ) throws(CheckpointError) -> [WeightDigest] {
        let weightFiles = weights.parts + (exitHeads?.parts ?? [])
        var digests: [WeightDigest] = []
        for file in files where file.digest == nil {
            guard let opened = weightFiles.first(where: { $0.name == file.name }) else { continue }
            let identity = opened.identity()
            if let old = known.first(where: { $0.name == file.name }), let identity,
                old.identity == identity
            {
                digests.append(old)
                continue
            }
            let isAtRest = identity?.isAtRest == true
            digests.append(
                WeightDigest(
                    name: file.name, digest: try opened.digest(),
                    identity: isAtRest ? identity : nil))
        }
        return digests
    }

    /// What `checksums` gives where the files of weights have these digests.
    public func checksums(of weights: [WeightDigest]) -> Checksums {
        var lines: [(name: String, digest: [UInt8])] = weights.map { ($0.name, $0.digest) }
        for file in files { if let digest = file.digest { lines.append((file.name, digest)) } }
        lines.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return Checksums(
            files: Self.digest(lines[...]),
            network: Self.digest(
                lines.filter { !isBesideNetwork($0.name) }[...],
                and: "exit_classifiers: \(exits.classifiers.rawValue)\n"))
    }

    /// Whether a file changes nothing of what the network gives for the same ids.
    private func isBesideNetwork(_ name: String) -> Bool {
        [Self.exitsFile, Self.truecaserFile, shortlist?.file].contains(name)
    }

    /// The users to whom the files of weights belong: who can write to these decides what the network is.
    public var weightOwners: Set<UInt32> {
        Set((weights.parts + (exitHeads?.parts ?? [])).compactMap { $0.owner() })
    }

    private static func digest(
        _ lines: ArraySlice<(name: String, digest: [UInt8])>, and last: String = ""
    ) -> String {
        let list = lines.map { "\(Hexadecimal.text($0.digest))  \($0.name)\n" }.joined() + last
        return Hexadecimal.text(SHA256.digest(Array(list.utf8)))
    }

    /// Makes sure that certificates were issued for this network.
    ///
    /// - Parameter network: `Checksums.network` of the checkpoint.
    /// - Throws: `outOfRange` for the first that was issued for another one.
    public func requireOwnCertificates(_ network: String) throws(CheckpointError) {
        for (index, certificate) in exits.certificates.enumerated()
        where certificate.network != network {
            throw CheckpointError(
                .outOfRange, file: Self.exitsFile, subject: "certificates[\(index)].network",
                found: "a certificate for other weights, \(certificate.network.prefix(12))…",
                expected:
                    "\(network.prefix(12))…, these weights: issue it anew with shoal certify, or remove it"
            )
        }
    }
}
