import Digest
import JSON
import System
import Tensor

/// What stands at the start of a pack: which network it is of, and where its parts are.
///
/// Eight letters, then little-endian: format version (4 bytes), layout version (4), size of the file (8), bytes of the table (8),
/// checksum of all of that and of the table (8); then the table in JSON. Offsets of parts count from the first page behind it.
struct PackHead {
    struct Entry {
        let owner: String
        let part: PackedParts.Name
        /// In the file.
        let range: Range<Int>
        let checksum: UInt64
    }

    let kind: String
    let network: String
    let entries: [Entry]

    private static let magic = Array("shoalpck".utf8)
    private static let formatVersion: UInt32 = 1
    private static let fixedCount = 40
    private static let checksumStart = 32
    private static let page = 4096
    private static let line = 64
    /// Some ten times what the largest network's table takes.
    private static let tableLimit = 4 << 20

    /// Reads and checks the start of a file.
    ///
    /// - Parameter file: all of its bytes, of which only the head is touched.
    /// - Throws: what is wrong with it.
    init(_ file: UnsafeRawBufferPointer) throws(NetworkPack.Fault) {
        let count = file.count
        guard count >= Self.fixedCount, file.prefix(Self.magic.count).elementsEqual(Self.magic)
        else { throw .init("no pack") }
        func word(_ offset: Int) -> UInt64 {
            file.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        }
        let versions = (
            file.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
            file.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
        )
        guard versions == (Self.formatVersion, UInt32(PackedParts.layoutVersion)) else {
            throw .init("of another version of Shoal")
        }
        guard word(16) == UInt64(count) else { throw .init("cut off, or of another size") }
        guard word(24) <= UInt64(min(Self.tableLimit, count - Self.fixedCount)) else {
            throw .init("a table that does not fit")
        }
        let table = Array(file[Self.fixedCount..<Self.fixedCount + Int(word(24))])
        guard XXH64.checksum(Array(file[..<Self.checksumStart]) + table) == word(32) else {
            throw .init("a damaged table")
        }
        guard let parsed = Self.parse(table, fileCount: count) else {
            throw .init("a table that says what cannot be")
        }
        self = parsed
    }

    private init(kind: String, network: String, entries: [Entry]) {
        self.kind = kind
        self.network = network
        self.entries = entries
    }

    /// Makes sure that the pack is the one that is wanted.
    func require(kind: String, network: String) throws(NetworkPack.Fault) {
        guard self.kind == kind else { throw .init("of the kind \(self.kind.prefix(40))") }
        guard self.network == network else { throw .init("of other weights") }
    }

    private static func parse(_ table: [UInt8], fileCount: Int) -> PackHead? {
        guard let object = (try? JSON.parse(table))?.objectValue,
            let kind = object["kind"]?.stringValue, let network = object["network"]?.stringValue,
            let parts = object["parts"]?.arrayValue
        else { return nil }
        let start = dataStart(table.count)
        var entries: [Entry] = []
        for part in parts.map(\.objectValue) {
            guard let owner = part?["of"]?.stringValue,
                let name = part?["part"]?.stringValue.flatMap({ PackedParts.Name(rawValue: $0) }),
                let offset = part?["offset"]?.integerValue,
                let bytes = part?["bytes"]?.integerValue,
                let checksum = part?["xxh64"]?.stringValue.flatMap({ UInt64($0, radix: 16) }),
                offset >= 0, offset % Int64(line) == 0, bytes > 0, start <= fileCount,
                offset <= fileCount - start, bytes <= fileCount - start - Int(offset)
            else { return nil }
            let first = start + Int(offset)
            entries.append(
                Entry(
                    owner: owner, part: name, range: first..<first + Int(bytes),
                    checksum: checksum))
        }
        return PackHead(kind: kind, network: network, entries: entries)
    }

    private static func dataStart(_ tableCount: Int) -> Int {
        up(fixedCount + tableCount, to: page)
    }

    private static func up(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }

    /// Where the parts of a new pack go.
    struct Plan {
        /// All bytes before the first part.
        let head: [UInt8]
        /// The parts with their places in the file, ascending.
        let places: [(part: PackedParts.Part, start: Int)]
        let fileCount: Int
    }

    /// Lays a pack out; reads all parts for their checksums.
    static func plan(
        _ parts: [(owner: String, projection: Projection)], kind: String, network: String
    ) -> Plan {
        var end = 0
        var table: [JSONValue] = []
        var places: [(part: PackedParts.Part, start: Int)] = []
        for (owner, projection) in parts {
            for part in projection.parts {
                let count = part.bytes.count
                let offset = up(end, to: count < page ? line : page)
                table.append(
                    .object(
                        JSONObject([
                            .init("of", .string(owner)), .init("part", .string(part.name.rawValue)),
                            .init("offset", .integer(Int64(offset))),
                            .init("bytes", .integer(Int64(count))),
                            .init(
                                "xxh64", .string(String(XXH64.checksum(part.bytes), radix: 16))),
                        ])))
                places.append((part, offset))
                end = offset + count
            }
        }
        let text = JSON.serialize(
            .object(
                JSONObject([
                    .init("kind", .string(kind)), .init("network", .string(network)),
                    .init("parts", .array(table)),
                ])))
        let start = dataStart(text.count)
        let fileCount = start + up(end, to: page)
        var fixed = magic
        for number in [formatVersion, UInt32(PackedParts.layoutVersion)] {
            withUnsafeBytes(of: number.littleEndian) { fixed += $0 }
        }
        for number in [fileCount, text.count] {
            withUnsafeBytes(of: UInt64(number).littleEndian) { fixed += $0 }
        }
        let checksum = XXH64.checksum(fixed + text)
        withUnsafeBytes(of: checksum.littleEndian) { fixed += $0 }
        let padding = [UInt8](repeating: 0, count: start - fixed.count - text.count)
        return Plan(
            head: fixed + text + padding, places: places.map { ($0.part, start + $0.start) },
            fileCount: fileCount)
    }
}
