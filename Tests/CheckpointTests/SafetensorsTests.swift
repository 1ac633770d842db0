import Checkpoint
import JSON
import TestSupport
import Testing

/// A file of a header and as many zero bytes as data.
private func file(_ header: String, data: Int) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
        + [UInt8](repeating: 0, count: data)
}

private func open(_ bytes: [UInt8]) throws -> Weights {
    let directory = try TemporaryDirectory()
    try directory.write(bytes, to: "x.safetensors")
    return try Weights(safetensors: "x.safetensors", in: directory.path)
}

private func fault(_ bytes: [UInt8]) throws -> CheckpointError? {
    do {
        _ = try open(bytes)
        return nil
    } catch let error as CheckpointError {
        return error
    }
}

@Suite struct SafetensorsTests {
    @Test("Entries come in the order of their data, with metadata beside them")
    func entries() throws {
        let opened = try open(
            file(
                #"""
                {"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"__metadata__":{"format":"pt"},
                 "a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
                 "empty":{"dtype":"F16","shape":[0,9],"data_offsets":[12,12]},
                 "scalar":{"dtype":"BF16","shape":[],"data_offsets":[12,14]}}
                """#, data: 14))
        #expect(opened.entries.map(\.name) == ["a", "b", "empty", "scalar"])
        #expect(opened.metadata == ["format": "pt"])
        #expect(opened.entry(named: "b")?.shape == [2, 1])
        #expect(opened.entry(named: "b")?.elementType == .float32)
        #expect(try opened.floats(named: "b", shape: [2, 1]) == [0, 0])
        #expect(try opened.floats(named: "empty", shape: [0, 9]) == [])
        #expect(try opened.floats(named: "scalar", shape: []) == [0])
        #expect(opened.contains("a"))
        #expect(!opened.contains("c"))
    }

    @Test("A file of no tensors is a file")
    func noTensors() throws {
        #expect(try open(file("{}", data: 0)).entries.isEmpty)
        #expect(try open(file("{}   ", data: 0)).entries.isEmpty)
    }

    @Test(
        "A header that does not add up is refused, the tensor named where one is at fault",
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#, "a"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[]}}"#, "a"),
            (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#, "a"),
            (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, nil),
            (
                #"{"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
                "b"
            ),
            (
                #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
                "b"
            ),
            (
                #"{"a":{"dtype":"U8","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, "a"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,8]}}"#, "a"
            ),
            ("{}", nil),
        ] as [(String, String?)])
    func malformed(header: String, tensor: String?) throws {
        let error = try fault(file(header, data: 8))
        #expect(error?.code == .malformedSafetensors)
        #expect(error?.subject == tensor)
    }

    @Test(
        "An entry of another form is refused by its key",
        arguments: [
            (#"{"a":[]}"#, "a", .wrongType),
            (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, "a.dtype", .keyMissing),
            (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, "a.shape", .keyMissing),
            (#"{"a":{"dtype":"F32","shape":[2]}}"#, "a.data_offsets", .keyMissing),
            (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "a.shape", .outOfRange),
            (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, "a.shape", .wrongType),
            (
                #"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, "a",
                .unsupportedElementType
            ),
            (#"{"__metadata__":{"x":1}}"#, "__metadata__.x", .wrongType),
            (#"{"a":{},"a":{}}"#, nil, .malformedJSON), ("{", nil, .malformedJSON),
            ("[]", nil, .wrongType), ("", nil, .malformedJSON),
        ] as [(String, String?, CheckpointError.Code)])
    func malformedEntry(header: String, subject: String?, code: CheckpointError.Code) throws {
        let error = try fault(file(header, data: 8))
        #expect(error?.code == code)
        #expect(error?.subject == subject)
    }

    @Test(
        "A header length beyond the file or the format's limit is refused before it is read",
        arguments: [[], [1, 0, 0], [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]]
            + [[UInt8](repeating: 0xFF, count: 8), [0, 0, 0, 0, 0, 0, 0, 0x80]])
    func headerLength(bytes: [UInt8]) throws {
        #expect(try fault(bytes)?.code == .malformedSafetensors)
    }

    @Test("A tensor is asked for with its shape, and an error says both shapes")
    func asking() throws {
        let opened = try open(
            file(
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"i":{"dtype":"I8","shape":[2],"data_offsets":[8,10]}}"#,
                data: 10))
        let missing = #expect(throws: CheckpointError.self) {
            try opened.floats(named: "b", shape: [2])
        }
        #expect(missing?.code == .tensorMissing)
        let shape = #expect(throws: CheckpointError.self) {
            try opened.floats(named: "a", shape: [1, 2])
        }
        #expect(
            "\(try #require(shape))"
                == #"x.safetensors: "a": found shape [2]; expected shape [1, 2]"#)
        let type = #expect(throws: CheckpointError.self) {
            try opened.floats(named: "i", shape: [2])
        }
        #expect(type?.code == .unsupportedElementType)
    }

    @Test(
        "A weight that is not finite is refused with its place",
        arguments: [Float.nan, .infinity, -.infinity])
    func notFinite(value: Float) throws {
        var tensors = TensorFile()
        tensors.append("a", [3], [0, value, 0])
        let opened = try open(tensors.bytes)
        let error = #expect(throws: CheckpointError.self) {
            try opened.floats(named: "a", shape: [3])
        }
        #expect(error?.code == .notFinite)
        #expect(error?.found == "\(value) at element 1")
    }
}
