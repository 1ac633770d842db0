import Checkpoint
import Glibc
import TestSupport
import Testing

private typealias Tensor = SafetensorsWriter.Tensor

/// Makes files of this process end at `limit` bytes, with an error instead of a signal.
private func limitFiles(to limit: UInt) {
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
}

@Suite struct SafetensorsWriterTests {
    @Test("What is written reads back equal, in order, the data at a multiple of 8 bytes")
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let values: [Float] = [0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -1, 0.1]
        for padding in 0..<8 {
            let tensors = [
                Tensor(name: "b", shape: [2, 3], values: values),
                Tensor(
                    name: "a\"é" + String(repeating: "x", count: padding), shape: [], values: [7]),
                Tensor(name: "empty", shape: [0, 5], values: []),
                Tensor(name: "lent", shape: [2]) { (body) throws(CheckpointError) in
                    try [1, 2].withUnsafeBufferPointer(body)
                },
            ]
            try SafetensorsWriter.write(
                tensors, metadata: ["format": "pt", "step": "12"], to: "x", in: directory.path)
            let read = try Weights(safetensors: "x", in: directory.path)
            #expect(Set(read.entries.map(\.name)) == Set(tensors.map(\.name)))
            #expect(read.entries.first?.name == "b")
            #expect(read.metadata == ["format": "pt", "step": "12"])
            let b = try read.floats(named: "b", shape: [2, 3])
            #expect(b.map(\.bitPattern) == values.map(\.bitPattern))
            #expect(try read.floats(named: tensors[1].name, shape: []) == [7])
            #expect(try read.floats(named: "empty", shape: [0, 5]) == [])
            #expect(try read.floats(named: "lent", shape: [2]) == [1, 2])
            #expect(directory.bytes("x")[0] % 8 == 0)
        }
    }

    @Test("No tensors make a file too")
    func empty() throws {
        let directory = try TemporaryDirectory()
        try SafetensorsWriter.write([], to: "x", in: directory.path)
        #expect(try Weights(safetensors: "x", in: directory.path).entries.isEmpty)
    }

    @Test("Tensors that no file can hold are refused by name, and nothing is left")
    func refusals() throws {
        let directory = try TemporaryDirectory()
        let good = Tensor(name: "a", shape: [1], values: [1])
        let cases: [(Tensor, CheckpointError.Code)] = [
            (good, .outOfRange),
            (Tensor(name: "__metadata__", shape: [1], values: [1]), .outOfRange),
            (Tensor(name: "b", shape: [-1], values: []), .outOfRange),
            (Tensor(name: "b", shape: [1 << 40, 1 << 40], values: []), .outOfRange),
            (Tensor(name: "b", shape: [Int.max / 8 + 1], values: []), .shapeMismatch),
            (Tensor(name: "b", shape: [2], values: [1]), .shapeMismatch),
            (Tensor(name: "b", shape: [2]) { _ in }, .shapeMismatch),
            (Tensor(name: "b", shape: [2], values: [1, .nan]), .notFinite),
        ]
        for (tensor, code) in cases {
            let error = #expect(throws: CheckpointError.self) {
                try SafetensorsWriter.write([good, tensor], to: "x", in: directory.path)
            }
            #expect(error?.code == code)
            #expect(error?.subject == tensor.name)
            #expect(directory.names().isEmpty)
        }
    }

    @Test("A disk that is full leaves the old weights and no temporary file")
    func fullDisk() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let old = Tensor(name: "a", shape: [1], values: [1])
            try SafetensorsWriter.write([old], to: "x", in: directory.path)
            limitFiles(to: 4096)
            let new = Tensor(
                name: "a", shape: [1 << 20], values: [Float](repeating: 2, count: 1 << 20))
            let error = #expect(throws: CheckpointError.self) {
                try SafetensorsWriter.write([new], to: "x", in: directory.path)
            }
            #expect(error?.file == directory.path + "/x")
            let read = try Weights(safetensors: "x", in: directory.path)
            #expect(try read.floats(named: "a", shape: [1]) == [1])
            #expect(directory.names() == ["x"])
        }
    }
}
