import Checkpoint
import JSON
import TestSupport
import Testing

@Suite("Weights in several files")
struct ShardTests {
    private let directory: TemporaryDirectory
    private let writer = CheckpointWriter()
    private let whole: Checkpoint

    init() throws {
        directory = try TemporaryDirectory()
        whole = try load(writer)
        try writer.write(to: directory, leavingOut: ["model.safetensors"])
        let half = writer.model.tensors.count / 2
        for (name, part) in [
            ("a.safetensors", writer.model.tensors.prefix(half)),
            ("b.safetensors", writer.model.tensors.dropFirst(half)),
        ] {
            var file = TensorFile()
            for tensor in part { file.tensors.append(tensor) }
            try directory.write(file.bytes, to: name)
        }
    }

    /// The index as it is right.
    private var map: [JSONObject.Member] {
        let half = writer.model.tensors.count / 2
        return writer.model.tensors.enumerated().map { index, tensor in
            .init(tensor.name, .string(index < half ? "a.safetensors" : "b.safetensors"))
        }
    }

    private func open(map: [JSONObject.Member]) throws -> Checkpoint {
        let index = JSONObject([
            .init("metadata", .object(JSONObject([.init("total_size", .integer(7))]))),
            .init("weight_map", .object(JSONObject(map))),
        ])
        try directory.write(
            JSON.serialize(.object(index)), to: "model.safetensors.index.json")
        return try Checkpoint(directory: directory.path)
    }

    private func fault(map: [JSONObject.Member]) -> CheckpointError? {
        do {
            _ = try open(map: map)
            return nil
        } catch {
            return error as? CheckpointError
        }
    }

    @Test("They are those of a single file, and the checksum covers all files")
    func same() throws {
        let read = try open(map: map)
        #expect(read.weights.entries.count == whole.weights.entries.count)
        for entry in whole.weights.entries {
            let values = try read.weights.floats(named: entry.name, shape: entry.shape)
            #expect(values == (try whole.weights.floats(named: entry.name, shape: entry.shape)))
        }
        let files = Set(read.files.map(\.name))
        #expect(
            files.isSuperset(of: ["model.safetensors.index.json", "a.safetensors", "b.safetensors"])
        )
        let before = try read.checksum()
        var part = directory.bytes("b.safetensors")
        part[part.count - 1] ^= 1
        try directory.write(part, to: "b.safetensors")
        #expect(try open(map: map).checksum() != before)
    }

    @Test("An index that leads elsewhere is refused")
    func elsewhere() throws {
        for name in [
            "../a.safetensors", "/etc/passwd", "x/a.safetensors", "a.bin", "", "a\n.safetensors",
        ] {
            let error = fault(map: map.dropLast() + [.init("x", .string(name))])
            #expect(error?.code == .unsupportedValue, "\(name)")
        }
        #expect(
            fault(map: map.dropLast() + [.init("x", .string("c.safetensors"))])?.code
                == .fileMissing)
        #expect(fault(map: map + [.init("x", .string("a.safetensors"))])?.code == .tensorMissing)
        #expect(fault(map: map + [.init("x", .integer(1))])?.code == .wrongType)
        let many = (0..<300).map { JSONObject.Member("x\($0)", .string("x\($0).safetensors")) }
        #expect(fault(map: map + many)?.code == .outOfRange)
        let swapped =
            Array(map.dropLast()) + [.init(map[map.count - 1].name, .string("a.safetensors"))]
        #expect(fault(map: swapped)?.subject == map.last?.name)
    }
}
