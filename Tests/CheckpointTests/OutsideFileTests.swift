import Checkpoint
import Digest
import Glibc
import JSON
import System
import TestSupport
import Testing

/// The code with which a directory is refused; nil where it is taken.
private func code(_ directory: TemporaryDirectory) -> CheckpointError.Code? {
    do throws(CheckpointError) {
        _ = try Checkpoint(directory: directory.path)
        return nil
    } catch {
        return error.code
    }
}

@Suite("Files of a checkpoint that come from outside", .timeLimit(.minutes(10)))
struct OutsideFileTests {
    @Test(
        "A pipe in any file's place is refused and not waited for",
        arguments: Checkpoint.fileNames.sorted())
    func pipes(name: String) throws {
        var options = CheckpointWriter.Options()
        options.separateVocabularies = true
        let directory = try TemporaryDirectory()
        try CheckpointWriter(options).write(to: directory)
        directory.remove(name)
        try directory.makePipe(name)
        #expect(code(directory) == .fileUnreadable)
    }

    @Test(
        "An optional file that is a link to nothing is not absent",
        arguments: [
            "exits.json", "exits.safetensors", "generation_config.json", "tokenizer_config.json",
            "truecase.txt",
        ])
    func danglingLink(name: String) throws {
        let directory = try TemporaryDirectory()
        try CheckpointWriter().write(to: directory)
        directory.remove(name)
        try directory.makeLink(name, to: "nowhere")
        #expect(code(directory) == .fileMissing)
    }

    @Test("Exit heads without a tensor are refused: they are not the same as none")
    func emptyExitHeads() throws {
        var writer = CheckpointWriter()
        writer.exitHeads = TensorFile()
        #expect(try fault(writer)?.code == .malformedSafetensors)
        #expect(try fault(writer)?.file == "exits.safetensors")
    }

    @Test("An empty file in any file's place is refused", arguments: Checkpoint.fileNames.sorted())
    func empty(name: String) throws {
        guard !name.hasSuffix(".spm") else { return }
        var options = CheckpointWriter.Options()
        options.separateVocabularies = true
        var writer = CheckpointWriter(options)
        writer.files[name] = []
        #expect(try fault(writer) != nil)
    }

    @Test("A header of a hundred thousand entries of metadata is read")
    func manyEntries() throws {
        let strings = (0..<100_000).map { JSONObject.Member("k\($0)", .string("x")) }
        let header = JSONObject([.init("__metadata__", .object(JSONObject(strings)))])
        let directory = try TemporaryDirectory()
        let bytes = TensorFile().bytes(header: JSON.serialize(.object(header)))
        try directory.write(bytes, to: "x.safetensors")
        let file = try Weights(safetensors: "x.safetensors", in: directory.path)
        #expect(file.metadata.count == 100_000)
        #expect(file.metadata["k77777"] == "x")
    }

    @Test(
        "Files far above what any checkpoint needs are refused by their size",
        arguments: [
            ("config.json", 1), ("generation_config.json", 1), ("tokenizer_config.json", 1),
            ("exits.json", 1), ("vocab.json", 16), ("source.spm", 32), ("target.spm", 32),
        ])
    func sizes(name: String, mebibytes: Int) throws {
        let directory = try TemporaryDirectory()
        try CheckpointWriter().write(to: directory)
        try directory.write(Array("{".utf8), to: name)
        // Sparse: the size is what is refused, before a byte is read.
        #expect(truncate("\(directory.path)/\(name)", mebibytes << 20 + 1) == 0)
        #expect(code(directory) == .fileTooLarge)
    }

    @Test("A header above its limit is refused by its length, in a sparse file of any size")
    func largeHeader() throws {
        let directory = try TemporaryDirectory()
        let length = UInt64(4 << 20 + 1)
        try directory.write(
            (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }, to: "x.safetensors")
        #expect(truncate("\(directory.path)/x.safetensors", 1 << 40) == 0)
        let error = #expect(throws: CheckpointError.self) {
            try Weights(safetensors: "x.safetensors", in: directory.path)
        }
        #expect(error?.code == .malformedSafetensors)
    }

    @Test("A tensor of more dimensions than any is refused in a line")
    func manyDimensions() throws {
        let ones = Array(repeating: "1", count: 100_000).joined(separator: ",")
        var file = TensorFile()
        file.append("a", [1], [0])
        let header = #"{"a":{"dtype":"F32","shape":[\#(ones)],"data_offsets":[0,4]}}"#
        let directory = try TemporaryDirectory()
        try directory.write(file.bytes(header: Array(header.utf8)), to: "x.safetensors")
        let error = #expect(throws: CheckpointError.self) {
            try Weights(safetensors: "x.safetensors", in: directory.path)
        }
        #expect(error?.code == .malformedSafetensors)
        #expect("\(try #require(error))".utf8.count < 300)
    }

    @Test("Weights that are cut off after they were opened are an error")
    func truncated() throws {
        let directory = try TemporaryDirectory()
        try CheckpointWriter().write(to: directory)
        let checkpoint = try Checkpoint(directory: directory.path)
        #expect(truncate("\(directory.path)/model.safetensors", 4096) == 0)
        let last = try #require(checkpoint.weights.entries.last)
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.weights.floats(named: last.name, shape: last.shape)
        }
        #expect(error?.code == .fileChanged)
        #expect(error?.file == "model.safetensors")
        #expect(throws: CheckpointError.self) { try checkpoint.checksum() }
    }
}

@Suite("The checksum of a checkpoint", .timeLimit(.minutes(10)))
struct ChecksumTests {
    @Test("is that of the list of digests of all files, sorted by their names")
    func list() throws {
        let writer = CheckpointWriter()
        let list = writer.contents.sorted { $0.key < $1.key }.map { name, bytes in
            "\(Hexadecimal.text(SHA256.digest(bytes)))  \(name)\n"
        }
        let expected = Hexadecimal.text(SHA256.digest(Array(list.joined().utf8)))
        #expect(try load(writer).checksum() == expected)
    }

    @Test("follows the bytes of every file, and no file that is not the checkpoint's")
    func everyFile() throws {
        let writer = CheckpointWriter()
        var seen: Set<String> = [try load(writer).checksum()]
        for name in writer.contents.keys {
            var other = writer
            // A blank behind JSON; the last byte of weights and of what is not parsed here.
            var bytes = try #require(writer.contents[name])
            if name.hasSuffix(".json") {
                bytes.append(UInt8(ascii: " "))
            } else {
                bytes[bytes.count - 3] ^= 1
            }
            other.files[name] = bytes
            #expect(seen.insert(try load(other).checksum()).inserted, "\(name)")
        }
        var more = writer
        more.files["README.md"] = [1]
        #expect(!seen.insert(try load(more).checksum()).inserted)
    }

    @Test("is refused where weights were written to while they were read")
    func writtenTo() throws {
        let directory = try TemporaryDirectory()
        try CheckpointWriter().write(to: directory)
        let checkpoint = try Checkpoint(directory: directory.path)
        let path = "\(directory.path)/model.safetensors"
        let descriptor = Glibc.open(path, O_WRONLY)
        #expect(pwrite(descriptor, [7], 1, 5000) == 1)
        // A time of its own: the clock of the file system may stand still for some milliseconds.
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        #expect(futimens(descriptor, &times) == 0)
        close(descriptor)
        let error = #expect(throws: CheckpointError.self) { try checkpoint.checksum() }
        #expect(error?.code == .fileChanged)
    }
}
