import JSON

/// Where the tensors of a file in Marian's binary format, version 1, lie: headers, names, shapes, a gap, then the values.
enum MarianBinary {
    /// Several times what the largest models have.
    private static let mostTensors = 10_000
    private static let mostNameBytes = 1_000
    private static let mostDimensions = 8
    private static let headerBytes = 32

    /// Whether a file begins as one of this format does: with the version, in 64 bits.
    static func isOne(_ opened: OpenFile) throws(CheckpointError) -> Bool {
        guard opened.byteCount >= 16 else { return false }
        let head = LittleEndianBytes(try opened.bytes(0..<16))
        return head.integer(at: 0, 8) == 1
            && head.integer(at: 8, 8).map { (1...mostTensors).contains($0) } == true
    }

    private struct Header {
        let nameLength: Int
        let type: Int
        let dimensions: Int
        let byteCount: Int
    }

    /// All tensors, with the shapes that the file gives them.
    static func items(_ opened: OpenFile) throws(CheckpointError) -> [MarianItem] {
        var place = 8
        let count = try integer(opened, &place, 8)
        guard count <= mostTensors, place + headerBytes * count <= opened.byteCount else {
            throw malformed(opened, "\(count) tensors")
        }
        var headers: [Header] = []
        for _ in 0..<count {
            headers.append(
                Header(
                    nameLength: try integer(opened, &place, 8),
                    type: try integer(opened, &place, 8),
                    dimensions: try integer(opened, &place, 8),
                    byteCount: try integer(opened, &place, 8)))
        }
        var names: [String] = []
        for header in headers { names.append(try name(opened, &place, header.nameLength)) }
        var shapes: [[Int]] = []
        for header in headers {
            guard header.dimensions <= mostDimensions else {
                throw malformed(opened, "\(header.dimensions) dimensions")
            }
            var shape: [Int] = []
            for _ in 0..<header.dimensions { shape.append(try integer(opened, &place, 4)) }
            shapes.append(shape)
        }
        let gap = try integer(opened, &place, 8)
        guard gap <= opened.byteCount - place else {
            throw malformed(opened, "a gap of \(gap) bytes")
        }
        place += gap
        var items: [MarianItem] = []
        for (index, header) in headers.enumerated() {
            guard header.byteCount <= opened.byteCount - place else {
                throw malformed(opened, "a tensor that ends behind the file", names[index])
            }
            items.append(
                try item(
                    names[index], header.type, shapes[index], place..<place + header.byteCount,
                    opened))
            place += header.byteCount
        }
        return items
    }

    private static func item(
        _ name: String, _ type: Int, _ shape: [Int], _ bytes: Range<Int>, _ opened: OpenFile
    ) throws(CheckpointError) -> MarianItem {
        let elementType: ElementType
        switch type {
        case 0x404: elementType = .float32
        case 0x402: elementType = .float16
        case 0x101, 0x4101: elementType = .int8
        default:
            throw CheckpointError(
                .unsupportedElementType, file: opened.name, subject: name,
                found: "type 0x\(String(type, radix: 16))",
                expected: "float32, float16, int8 or intgemm8")
        }
        guard let size = elementType.byteCount(ofShape: shape), size <= bytes.count else {
            throw malformed(opened, "\(bytes.count) bytes for \(shape)", name)
        }
        let values = bytes.lowerBound..<bytes.lowerBound + size
        guard type == 0x4101 else {
            return MarianItem(name: name, elementType: elementType, shape: shape, bytes: values)
        }
        guard bytes.count >= size + 4 else {
            throw malformed(opened, "no scale behind the values", name)
        }
        let scale = try opened.bytes(values.upperBound..<values.upperBound + 4)
        let divisor = LittleEndianBytes(scale).float(at: 0) ?? 0
        guard divisor.isFinite, divisor > 0 else {
            throw malformed(opened, "a scale of \(divisor)", name)
        }
        return MarianItem(
            name: name, elementType: elementType, shape: shape, bytes: values, divisor: divisor)
    }

    private static func name(
        _ opened: OpenFile, _ place: inout Int, _ length: Int
    ) throws(CheckpointError) -> String {
        guard (1...mostNameBytes).contains(length), length <= opened.byteCount - place else {
            throw malformed(opened, "a name of \(length) bytes")
        }
        // A zero ends it.
        let text = LittleEndianBytes(try opened.bytes(place..<place + length))
            .text(at: 0, length - 1)
        guard let text else { throw malformed(opened, "a name that is not UTF-8") }
        place += length
        return text
    }

    private static func integer(
        _ opened: OpenFile, _ place: inout Int, _ length: Int
    ) throws(CheckpointError) -> Int {
        guard place <= opened.byteCount - length,
            let value = LittleEndianBytes(try opened.bytes(place..<place + length))
                .integer(at: 0, length)
        else { throw malformed(opened, "a number that breaks off or is too large") }
        place += length
        return value
    }

    private static func malformed(
        _ opened: OpenFile, _ found: String, _ subject: String? = nil
    ) -> CheckpointError {
        CheckpointError(
            .malformedArchive, file: opened.name, subject: subject, found: found,
            expected: "Marian's binary format, version 1, whole and unchanged")
    }
}
