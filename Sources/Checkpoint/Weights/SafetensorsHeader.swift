import JSON

/// The header of a safetensors file, checked against the file's size and against itself.
struct SafetensorsHeader {
    let entries: [Weights.Entry]
    let metadata: [String: String]

    /// Some thirty thousand tensors, many times what a model of the greatest depth has.
    static let byteLimit = 4 << 20
    /// More dimensions than any tensor has.
    private static let dimensionLimit = 8
    private static let lengthBytes = 8

    init(_ opened: OpenFile) throws(CheckpointError) {
        let file = opened.name
        let text = try Self.text(opened)
        let dataStart = Self.lengthBytes + text.count
        let header = try JSONFile.object(text, file: file)
        var entries: [Weights.Entry] = []
        var metadata: [String: String] = [:]
        for member in header.members {
            if member.name == "__metadata__" {
                metadata = try Self.metadata(member.value, file: file)
            } else {
                entries.append(
                    try Self.entry(
                        member, file: file, data: dataStart..<opened.byteCount))
            }
        }
        entries.sort {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }
        try Self.checkCover(entries, file: file, data: dataStart..<opened.byteCount)
        self.entries = entries
        self.metadata = metadata
    }

    /// The bytes of the JSON header.
    private static func text(_ opened: OpenFile) throws(CheckpointError) -> [UInt8] {
        let byteCount = opened.byteCount
        guard byteCount >= lengthBytes else {
            throw malformed(
                opened.name, found: "\(byteCount) bytes", expected: "8 bytes of header length")
        }
        let length = try opened.bytes(0..<lengthBytes).reversed().reduce(0 as UInt64) {
            $0 << 8 | UInt64($1)
        }
        guard length <= UInt64(min(byteLimit, byteCount - lengthBytes)) else {
            throw malformed(
                opened.name, found: "a header of \(length) bytes in a file of \(byteCount)",
                expected: "a header within the file and of at most \(byteLimit) bytes")
        }
        return try opened.bytes(lengthBytes..<lengthBytes + Int(length))
    }

    private static func metadata(
        _ value: JSONValue, file: String
    ) throws(CheckpointError) -> [String: String] {
        let keys = try KeyReader(file: file, path: "__metadata__", value: value)
        var strings: [String: String] = [:]
        // Member by member: looking each one up by its name would take quadratic time.
        for member in keys.object.members {
            guard let text = member.value.stringValue else {
                throw keys.fault(
                    .wrongType, member.name, found: member.value.kind, expected: "a string")
            }
            strings[member.name] = text
        }
        return strings
    }

    private static func entry(
        _ member: JSONObject.Member, file: String, data: Range<Int>
    ) throws(CheckpointError) -> Weights.Entry {
        let keys = try KeyReader(file: file, path: member.name, value: member.value)
        let typeName = try keys.string("dtype")
        guard let type = ElementType(rawValue: typeName) else {
            throw CheckpointError(
                .unsupportedElementType, file: file, subject: member.name,
                found: CheckpointError.quoted(typeName), expected: "F32, F16 or BF16")
        }
        let shape = try keys.integers("shape", in: 0...Int.max)
        let offsets = try keys.integers("data_offsets", in: 0...Int.max)
        guard shape.count <= dimensionLimit, offsets.count <= 2 else {
            throw malformed(
                file, member.name,
                found: "\(shape.count) dimensions and \(offsets.count) data_offsets",
                expected: "at most \(dimensionLimit) dimensions and two offsets")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= data.count else {
            throw malformed(
                file, member.name, found: "data_offsets \(offsets)",
                expected: "[begin, end] with begin <= end <= \(data.count)")
        }
        guard let size = type.byteCount(ofShape: shape), size == offsets[1] - offsets[0] else {
            throw malformed(
                file, member.name,
                found: "\(offsets[1] - offsets[0]) bytes for \(typeName) \(shape)",
                expected: "the product of the shape times \(type.byteCount) bytes")
        }
        let bytes = data.lowerBound + offsets[0]..<data.lowerBound + offsets[1]
        return .init(name: member.name, elementType: type, shape: shape, bytes: bytes)
    }

    /// The data belongs to tensors from its first byte to its last, each byte to one of them.
    private static func checkCover(
        _ entries: [Weights.Entry], file: String, data: Range<Int>
    ) throws(CheckpointError) {
        var end = data.lowerBound
        for entry in entries {
            guard entry.bytes.lowerBound == end else {
                let fault = entry.bytes.lowerBound < end ? "an overlap with" : "a hole behind"
                throw malformed(
                    file, entry.name, found: "\(fault) the tensor before it",
                    expected: "data from offset \(end - data.lowerBound)")
            }
            end = entry.bytes.upperBound
        }
        guard end == data.upperBound else {
            throw malformed(
                file, found: "\(data.upperBound - end) bytes that belong to no tensor",
                expected: "a file that ends with the last tensor")
        }
    }

    private static func malformed(
        _ file: String, _ subject: String? = nil, found: String, expected: String
    ) -> CheckpointError {
        CheckpointError(
            .malformedSafetensors, file: file, subject: subject, found: found, expected: expected)
    }
}
