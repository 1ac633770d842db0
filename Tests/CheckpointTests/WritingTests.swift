import Checkpoint
import Glibc
import TestSupport
import Testing

private typealias Tensor = SafetensorsWriter.Tensor

/// The names in a directory, sorted.
private func names(in directory: TemporaryDirectory) -> [String] {
    guard let stream = opendir(directory.path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        names.append(
            withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            })
    }
    return names.filter { !$0.hasPrefix(".") }.sorted()
}

private func content(of name: String, in directory: TemporaryDirectory) -> [UInt8] {
    guard let file = fopen("\(directory.path)/\(name)", "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
}

/// Makes files of this process end at `limit` bytes, with an error instead of a signal.
private func limitFiles(to limit: UInt) {
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
}

@Suite struct AtomicFileTests {
    @Test("A file is made, then replaced, and nothing else is left; permissions stay")
    func replaces() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/exits.json"
        try AtomicFile.write([1, 2, 3], to: path)
        #expect(content(of: "exits.json", in: directory) == [1, 2, 3])
        chmod(path, 0o640)
        try AtomicFile.write([4], to: path)
        #expect(content(of: "exits.json", in: directory) == [4])
        #expect(names(in: directory) == ["exits.json"])
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test("Small and large pieces arrive in their order")
    func pieces() throws {
        let directory = try TemporaryDirectory()
        let large = (0..<3 << 19).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let pieces = [[1], large, [2, 3], [], large, [4]]
        try AtomicFile.write(to: directory.path + "/x") {
            (output: inout AtomicFile.Output) throws(CheckpointError) in
            for piece in pieces { try output.append(piece) }
        }
        let file = try #require(fopen(directory.path + "/x", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 2 * large.count + 10)
        #expect(fread(&bytes, 1, bytes.count, file) == 2 * large.count + 4)
        #expect(Array(bytes.prefix(2 * large.count + 4)) == pieces.flatMap(\.self))
    }

    @Test("A directory that is not there is named with the system's reason")
    func noDirectory() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/none/x"
        let error = #expect(throws: CheckpointError.self) { try AtomicFile.write([], to: path) }
        #expect(error?.code == .fileUnwritable)
        #expect(error?.file == path)
        #expect(error?.found == "No such file or directory")
    }

    @Test("A body that throws leaves the old file alone")
    func bodyThrows() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/x"
        try AtomicFile.write([1], to: path)
        let fault = CheckpointError(.notFinite, file: "x", found: "nan", expected: "a number")
        let error = #expect(throws: CheckpointError.self) {
            try AtomicFile.write(to: path) {
                (output: inout AtomicFile.Output) throws(CheckpointError) in throw fault
            }
        }
        #expect(error == fault)
        #expect(content(of: "x", in: directory) == [1])
        #expect(names(in: directory) == ["x"])
    }

    @Test("A disk that is full leaves the old file and no temporary one")
    func fullDisk() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/x"
            try AtomicFile.write([1], to: path)
            limitFiles(to: 4096)
            // Below and above the size of the buffer: both ways to the system.
            for count in [5000, 3 << 20] {
                let error = #expect(throws: CheckpointError.self) {
                    try AtomicFile.write([UInt8](repeating: 2, count: count), to: path)
                }
                #expect(error?.code == .fileUnwritable)
                #expect(error?.found == String(cString: strerror(EFBIG)))
                #expect(content(of: "x", in: directory) == [1])
                #expect(names(in: directory) == ["x"])
            }
        }
    }
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
            let read = try Safetensors(file: "x", in: directory.path)
            #expect(Set(read.entries.map(\.name)) == Set(tensors.map(\.name)))
            #expect(read.entries.first?.name == "b")
            #expect(read.metadata == ["format": "pt", "step": "12"])
            let b = try read.floats(named: "b", shape: [2, 3])
            #expect(b.map(\.bitPattern) == values.map(\.bitPattern))
            #expect(try read.floats(named: tensors[1].name, shape: []) == [7])
            #expect(try read.floats(named: "empty", shape: [0, 5]) == [])
            #expect(try read.floats(named: "lent", shape: [2]) == [1, 2])
            #expect(content(of: "x", in: directory)[0] % 8 == 0)
        }
    }

    @Test("No tensors make a file too")
    func empty() throws {
        let directory = try TemporaryDirectory()
        try SafetensorsWriter.write([], to: "x", in: directory.path)
        #expect(try Safetensors(file: "x", in: directory.path).entries.isEmpty)
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
            #expect(names(in: directory).isEmpty)
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
            let read = try Safetensors(file: "x", in: directory.path)
            #expect(try read.floats(named: "a", shape: [1]) == [1])
            #expect(names(in: directory) == ["x"])
        }
    }
}
