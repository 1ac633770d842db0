import Checkpoint
import Decoding
import Digest
import Foundation
import Tensor
import TestSupport
import Testing
import TranslationModel

/// Checkpoints whose parts differ: one matrix over the vocabulary, three, one for each exit, recurrent units.
private let directories = [
    "models/multi30k-de-en", "Tests/Golden/variants/untied-projection",
    "Tests/Golden/variants/separate-classifiers-f16",
    "Tests/Golden/variants/gelu-two-vocabularies", "Tests/Golden/marian/ssru",
]

@Suite("Networks from packs", .timeLimit(.minutes(10)))
struct PackTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.path + "/pack" }

    init() throws { folder = try TemporaryDirectory() }

    /// Tokens, exit layers and the bits of log-probabilities.
    private func outputs(_ model: TranslationModel) throws -> [[String]] {
        var options = DecodingOptions(exit: ExitRule(.full, layerCount: model.decoderLayerCount))
        options.beamSize = 2
        options.maximumTokens = 12
        let sources = [[5, 9, 7, 0], [6, 0], [11, 12, 13, 14, 8, 0]]
        return try decodeTogether(sources, options, model).map { result in
            try #require(result.hypotheses.first).tokens.map {
                "\($0.id) \($0.exitLayer) \($0.logProbability.bitPattern)"
            }
        }
    }

    /// Opens the pack at `path` as one of a checkpoint.
    private func pack(
        _ checkpoint: Checkpoint, _ precision: Precision, _ set: InstructionSet = .best
    ) throws -> NetworkPack {
        try NetworkPack(
            path, kind: NetworkPack.kind(precision, set),
            network: checkpoint.checksums().network, owners: [])
    }

    @Test(
        "give the bits of those that were read, in each form that this machine's kernels read",
        arguments: directories, Precision.allCases)
    func sameBits(directory: String, precision: Precision) throws {
        let checkpoint = try Checkpoint(directory: Repository.path(directory))
        for set in InstructionSet.allCases where set.isAvailable {
            let read = try TranslationModel(
                checkpoint, precision: precision, instructionSet: set)
            #expect(!read.isMapped && read.mappedByteCount == 0)
            let network = try checkpoint.checksums().network
            let count = try #require(try read.writePack(to: path, network: network))
            #expect(count >= read.byteCount / 2 && count % 4096 == 0)
            let mapped = try TranslationModel(
                checkpoint, precision: precision, instructionSet: set,
                pack: pack(checkpoint, precision, set))
            #expect(mapped.isMapped && mapped.mappedByteCount > 0)
            #expect(mapped.byteCount == read.byteCount)
            #expect(try outputs(mapped) == outputs(read), "\(set)")
        }
    }

    /// The bytes of packs change with the version of their layout and at no other time: else old packs would be misread.
    ///
    /// Nothing in them follows from the machine.
    @Test(
        "have the bytes of their layout's version",
        arguments: [
            (Precision.float32, InstructionSet.reference, "a4583f897538ddab"),
            (.int8, .reference, "26cd8a0940e9cf41"), (.int8, .avx2, "70434c5015d17f0f"),
            (.int7, .avx2, "75e7c84c96a8fbef"),
        ])
    func pinned(precision: Precision, set: InstructionSet, checksum: String) throws {
        guard set.isAvailable else { return }
        var options = CheckpointWriter.Options()
        (options.width, options.vocabularySize) = (64, 8300)
        let directory = try TemporaryDirectory()
        try CheckpointWriter(options).write(to: directory)
        let model = try TranslationModel(
            Checkpoint(directory: directory.path), precision: precision, instructionSet: set)
        _ = try model.writePack(to: path, network: "of no checkpoint")
        #expect(String(XXH64.checksum(folder.bytes("pack")), radix: 16) == checksum)
    }

    private func small() throws -> (Checkpoint, TemporaryDirectory) {
        let directory = try TemporaryDirectory()
        try CheckpointWriter().write(to: directory)
        return (try Checkpoint(directory: directory.path), directory)
    }

    @Test("are refused or the same, whatever became of the file", arguments: Precision.allCases)
    func mutations(precision: Precision) throws {
        let (checkpoint, _) = try small()
        let read = try TranslationModel(checkpoint, precision: precision)
        let network = try checkpoint.checksums().network
        _ = try read.writePack(to: path, network: network)
        let expected = try outputs(read)
        let whole = folder.bytes("pack")
        var generator = SeededGenerator(seed: 5)
        var refused = 0
        for round in 0..<1000 {
            var bytes = whole
            switch round % 4 {
            case 0: generator.mutate(&bytes)
            case 1: bytes.removeSubrange(generator.below(bytes.count)...)
            case 2: bytes[generator.below(64)] ^= 1 << UInt8(generator.below(8))
            default: Self.forgeTable(&bytes, &generator)
            }
            try folder.write(bytes, to: "pack")
            let pack = try? NetworkPack(path, kind: read.packKind, network: network, owners: [])
            guard let pack else {
                refused += 1
                continue
            }
            let model = try TranslationModel(checkpoint, precision: precision, pack: pack)
            #expect(try outputs(model) == expected, "round \(round)")
        }
        #expect(refused > 500)
    }

    /// Changes the table and gives it the checksum that it has then.
    private static func forgeTable(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let count = Int(bytes[24]) | Int(bytes[25]) << 8 | Int(bytes[26]) << 16
        var table = Array(bytes[40..<40 + count])
        for _ in 0...generator.below(3) { generator.mutate(&table) }
        let room = Array(repeating: UInt8(ascii: " "), count: max(0, count - table.count))
        table = Array((table + room).prefix(count))
        bytes.replaceSubrange(40..<40 + count, with: table)
        let checksum = XXH64.checksum(Array(bytes[..<32]) + table)
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(32..<40, with: $0) }
    }

    @Test("are refused where they are of another network or form, or could be somebody else's")
    func refused() throws {
        let (checkpoint, _) = try small()
        let model = try TranslationModel(checkpoint)
        func fault(_ kind: String, _ network: String) -> String? {
            do throws(NetworkPack.Fault) {
                _ = try NetworkPack(path, kind: kind, network: network, owners: [])
                return nil
            } catch {
                return error.description
            }
        }
        #expect(fault("float32", "a")?.contains("no such file") == true)
        _ = try model.writePack(to: path, network: "a")
        #expect(fault("float32", "a") == nil)
        #expect(fault("float32", "b") == "of other weights")
        #expect(fault("int8-32", "a") == "of the kind float32")
        var bytes = folder.bytes("pack")
        bytes[12] += 1
        try folder.write(bytes, to: "pack")
        #expect(fault("float32", "a") == "of another version of Shoal")
        _ = try model.writePack(to: path, network: "a")
        try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: path)
        #expect(fault("float32", "a")?.contains("others may write") == true)
        _ = try model.writePack(to: path, network: "a")
        #expect(fault("float32", "a") == nil)
        folder.remove("pack")
        _ = try model.writePack(to: folder.path + "/own", network: "a")
        try folder.makeLink("pack", to: "own")
        #expect(fault("float32", "a") != nil)
        guard geteuid() == 0 else { return }
        folder.remove("pack")
        _ = try model.writePack(to: path, network: "a")
        #expect(chown(path, 12345, 12345) == 0)
        #expect(fault("float32", "a")?.contains("user 12345") == true)
    }

    @Test("leave nothing behind where their writing is given up")
    func stopped() throws {
        let (checkpoint, _) = try small()
        let model = try TranslationModel(checkpoint)
        var pieces = 0
        let count = try model.writePack(to: path, network: "a") {
            pieces += 1
            return pieces > 3
        }
        #expect(count == nil)
        #expect(folder.names() == [])
    }
}
