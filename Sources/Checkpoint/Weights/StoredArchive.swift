import JSON

/// Where the members of a zip archive lie, which have to be stored as they are.
///
/// PyTorch and NumPy write such archives. Nothing is ever unpacked, so no member is larger than it is in the file.
struct StoredArchive {
    /// By name: counted from the start of the file, each within it.
    let members: [ExactString: Range<Int>]
    /// In the order of the directory.
    let names: [String]

    /// Reads the directory and the header of each member.
    ///
    /// - Throws: as `ZipArchive`; `unsupportedFormat` for members that are packed.
    init(_ opened: OpenFile) throws(CheckpointError) {
        let archive = try ZipArchive(opened)
        for (name, member) in archive.members where member.isPacked {
            throw CheckpointError(
                .unsupportedFormat, file: opened.name, subject: name.text,
                found: "a packed member", expected: "members that are stored as they are")
        }
        members = archive.members.mapValues(\.range)
        names = archive.names
    }
}

/// Where the members of a zip archive lie (APPNOTE 6.3.10 of PKWARE, with sizes of 64 bits).
struct ZipArchive {
    /// A file of the archive.
    struct Member {
        /// Its bytes as they are in the archive, counted from its start and within it.
        let range: Range<Int>
        /// How many bytes it has unpacked.
        let byteCount: Int
        /// Whether it is packed by deflate; else it is stored as it is.
        let isPacked: Bool
    }

    /// By name.
    private(set) var members: [ExactString: Member] = [:]
    /// In the order of the directory.
    private(set) var names: [String] = []

    /// Some forty thousand members.
    private static let directoryLimit = 4 << 20
    private static let endLength = 22
    private static let commentLimit = 65_535

    /// What says where the directory is.
    private struct Directory {
        var range: Range<Int>
        var count: Int
    }

    /// Reads the directory and the header of each member.
    ///
    /// - Throws: `malformedArchive` where they do not add up, `unsupportedFormat` for members that are encrypted, or packed by anything but
    ///   deflate.
    init(_ opened: OpenFile) throws(CheckpointError) {
        let directory = try Self.directory(opened)
        let bytes = LittleEndianBytes(try opened.bytes(directory.range))
        var place = 0
        for _ in 0..<directory.count {
            guard let entry = Entry(bytes, at: place) else {
                throw Self.malformed(opened, "a directory that breaks off or is none")
            }
            place = entry.end
            try add(entry, opened)
        }
    }

    private mutating func add(_ entry: Entry, _ opened: OpenFile) throws(CheckpointError) {
        guard !entry.name.hasSuffix("/") else { return }
        guard !entry.isEncrypted, entry.isStored || entry.isDeflated else {
            throw CheckpointError(
                .unsupportedFormat, file: opened.name, subject: entry.name,
                found: "an encrypted member, or one that is packed in another way",
                expected: "members that are stored, or packed by deflate")
        }
        let header = entry.offset
        guard header >= 0, header <= opened.byteCount - 30 else {
            throw Self.malformed(opened, "a member outside of the file")
        }
        let local = LittleEndianBytes(try opened.bytes(header..<header + 30))
        guard local.integer(at: 0, 4) == 0x0403_4B50,
            let name = local.integer(at: 26, 2), let extra = local.integer(at: 28, 2)
        else { throw Self.malformed(opened, "a member without its header") }
        let start = header + 30 + name + extra
        let count = entry.isDeflated ? entry.packed : entry.size
        guard start <= opened.byteCount, count <= opened.byteCount - start else {
            throw Self.malformed(opened, "a member that ends behind the file")
        }
        guard
            members.updateValue(
                Member(
                    range: start..<start + count, byteCount: entry.size,
                    isPacked: entry.isDeflated), forKey: ExactString(entry.name)) == nil
        else { throw Self.malformed(opened, "two members of one name") }
        names.append(entry.name)
    }

    private static func directory(_ opened: OpenFile) throws(CheckpointError) -> Directory {
        let length = min(opened.byteCount, endLength + commentLimit)
        let start = opened.byteCount - length
        let tail = LittleEndianBytes(try opened.bytes(start..<opened.byteCount))
        guard
            let end = stride(from: length - endLength, through: 0, by: -1)
                .first(where: { tail.integer(at: $0, 4) == 0x0605_4B50 }),
            let count = tail.integer(at: end + 10, 2), let size = tail.integer(at: end + 12, 4),
            let offset = tail.integer(at: end + 16, 4)
        else { throw malformed(opened, "no directory of an archive") }
        var found = (count: count, size: size, offset: offset)
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
            guard let wide = try wideDirectory(tail, before: end, opened) else {
                throw malformed(opened, "no directory with sizes of 64 bits")
            }
            found = wide
        }
        guard found.size <= directoryLimit, found.offset <= opened.byteCount - found.size else {
            throw malformed(opened, "a directory that is too long or outside of the file")
        }
        return Directory(range: found.offset..<found.offset + found.size, count: found.count)
    }

    /// The record of the directory that its locator leads to.
    private static func wideDirectory(
        _ tail: LittleEndianBytes, before end: Int, _ opened: OpenFile
    ) throws(CheckpointError) -> (count: Int, size: Int, offset: Int)? {
        guard end >= 20, tail.integer(at: end - 20, 4) == 0x0706_4B50,
            let place = tail.integer(at: end - 12, 8), place <= opened.byteCount - 56
        else { return nil }
        let record = LittleEndianBytes(try opened.bytes(place..<place + 56))
        guard record.integer(at: 0, 4) == 0x0606_4B50, let count = record.integer(at: 32, 8),
            let size = record.integer(at: 40, 8), let offset = record.integer(at: 48, 8)
        else { return nil }
        return (count, size, offset)
    }

    private static func malformed(_ opened: OpenFile, _ found: String) -> CheckpointError {
        CheckpointError(
            .malformedArchive, file: opened.name, found: found,
            expected: "a zip archive, whole and unchanged")
    }
}

/// A member as the directory has it.
private struct Entry {
    let name: String
    let isEncrypted: Bool
    let isDeflated: Bool
    private let isPlain: Bool
    /// Bytes in the archive, and unpacked.
    private(set) var packed: Int
    private(set) var size: Int
    private(set) var offset: Int
    /// Where the next entry begins.
    let end: Int

    /// Whether the bytes of the archive are those of the file.
    var isStored: Bool { isPlain && packed == size }

    /// Nil where there is no entry, or one that breaks off.
    init?(_ bytes: LittleEndianBytes, at place: Int) {
        guard bytes.integer(at: place, 4) == 0x0201_4B50,
            let flags = bytes.integer(at: place + 8, 2),
            let method = bytes.integer(at: place + 10, 2),
            let packed = bytes.integer(at: place + 20, 4),
            let size = bytes.integer(at: place + 24, 4),
            let nameLength = bytes.integer(at: place + 28, 2),
            let extraLength = bytes.integer(at: place + 30, 2),
            let commentLength = bytes.integer(at: place + 32, 2),
            let offset = bytes.integer(at: place + 42, 4),
            let name = bytes.text(at: place + 46, nameLength)
        else { return nil }
        self.name = name
        isEncrypted = flags & 1 != 0
        isDeflated = method == 8
        isPlain = method == 0
        (self.packed, self.size, self.offset) = (packed, size, offset)
        let extra = place + 46 + nameLength
        end = extra + extraLength + commentLength
        guard end <= bytes.count else { return nil }
        widen(bytes, extra..<extra + extraLength)
    }

    /// Takes the sizes of 64 bits, which stand in the order of the fields that have no room for them.
    private mutating func widen(_ bytes: LittleEndianBytes, _ extra: Range<Int>) {
        var place = extra.lowerBound
        while let kind = bytes.integer(at: place, 2), let length = bytes.integer(at: place + 2, 2),
            place + 4 + length <= extra.upperBound
        {
            var field = place + 4
            if kind == 1 {
                if size == 0xFFFF_FFFF, let wide = bytes.integer(at: field, 8) {
                    size = wide
                    field += 8
                }
                if packed == 0xFFFF_FFFF, let wide = bytes.integer(at: field, 8) {
                    packed = wide
                    field += 8
                }
                if offset == 0xFFFF_FFFF, let wide = bytes.integer(at: field, 8) { offset = wide }
            }
            place += 4 + length
        }
    }
}
