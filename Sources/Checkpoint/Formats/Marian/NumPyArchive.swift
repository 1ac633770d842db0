import JSON

/// Where the arrays of a file of NumPy (`.npz`) lie: a zip archive of files in the format of NEP 1.
enum NumPyArchive {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let mostHeaderBytes = 4_096
    private static let mostDimensions = 8

    /// All arrays, their names without `.npy`.
    static func items(_ opened: OpenFile) throws(CheckpointError) -> [MarianItem] {
        let archive = try StoredArchive(opened)
        var items: [MarianItem] = []
        for member in archive.names {
            guard let range = archive.members[ExactString(member)] else { continue }
            items.append(try item(member, range, opened))
        }
        return items
    }

    private static func item(
        _ member: String, _ range: Range<Int>, _ opened: OpenFile
    ) throws(CheckpointError) -> MarianItem {
        let name = member.hasSuffix(".npy") ? String(member.dropLast(4)) : member
        let head = try opened.bytes(
            range.lowerBound..<range.lowerBound + min(range.count, mostHeaderBytes))
        let bytes = LittleEndianBytes(head)
        guard head.starts(with: magic), let version = bytes[6], (1...3).contains(version),
            let length = bytes.integer(at: 8, version == 1 ? 2 : 4),
            let text = bytes.text(at: version == 1 ? 10 : 12, length)
        else { throw malformed(opened, "no header of an array", name) }
        let start = range.lowerBound + (version == 1 ? 10 : 12) + length
        guard let type = elementType(text) else {
            throw CheckpointError(
                .unsupportedElementType, file: opened.name, subject: name,
                found: "another type of elements, or column by column",
                expected: "<f4, <f2 or |i1 in C order")
        }
        guard let shape = shape(text), let size = type.byteCount(ofShape: shape),
            size == range.upperBound - start
        else { throw malformed(opened, "a shape that does not fit its bytes", name) }
        return MarianItem(
            name: name, elementType: type, shape: shape, bytes: start..<range.upperBound)
    }

    /// The type that the header's literal of a dictionary names; nil for others, and for Fortran's order.
    private static func elementType(_ header: String) -> ElementType? {
        guard header.contains("'fortran_order': False") else { return nil }
        let types: [(String, ElementType)] = [
            ("<f4", .float32), ("<f2", .float16), ("|i1", .int8), ("<i1", .int8),
        ]
        return types.first { header.contains("'descr': '\($0.0)'") }?.1
    }

    private static func shape(_ header: String) -> [Int]? {
        guard let start = header.firstRange(of: "'shape': (")?.upperBound,
            let end = header[start...].firstIndex(of: ")")
        else { return nil }
        var shape: [Int] = []
        for part in header[start..<end].split(separator: ",") {
            guard let dimension = Int(part.filter { $0 != " " }), dimension >= 0 else { return nil }
            shape.append(dimension)
        }
        return shape.count <= mostDimensions ? shape : nil
    }

    private static func malformed(
        _ opened: OpenFile, _ found: String, _ subject: String
    ) -> CheckpointError {
        CheckpointError(
            .malformedArchive, file: opened.name, subject: subject, found: found,
            expected: "arrays as NumPy writes them, whole and unchanged")
    }
}
