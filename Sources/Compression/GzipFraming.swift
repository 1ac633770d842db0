import CZlib

/// What RFC 1952 puts around the deflate data of one member.
enum GzipFraming {
    static let magic: [UInt8] = [0x1F, 0x8B]
    /// Bytes of a checksum and a length.
    static let trailerBytes = 8

    private static let deflateMethod: UInt8 = 8
    private static let unknownSystem: UInt8 = 255

    /// A header without name, time and extras, so that equal contents compress to equal bytes.
    static let plainHeader = magic + [deflateMethod, 0, 0, 0, 0, 0, 0, unknownSystem]

    /// The flags of RFC 1952 §2.3.1; FTEXT, 1, is a hint only.
    private enum Flag {
        static let headerChecksum: UInt8 = 2
        static let extra: UInt8 = 4
        static let name: UInt8 = 8
        static let comment: UInt8 = 16
        static let reserved: UInt8 = 0xE0
    }

    /// Steps over a member's header; nothing in it changes the content.
    ///
    /// - Parameters:
    ///   - reader: where the header begins.
    ///   - foreign: the error for bytes that begin like no header.
    /// - Throws: `foreign`, or what is wrong with a header that begins like one.
    static func skipHeader(
        _ reader: inout ByteReader, foreign: GzipError
    ) throws(GzipError) {
        let start = reader.position
        for byte in magic {
            guard try reader.byte() == byte else { throw foreign }
        }
        guard try reader.byte() == deflateMethod else { throw .unsupportedHeader }
        let flags = try reader.byte()
        guard flags & Flag.reserved == 0 else { throw .unsupportedHeader }
        // The time, the extra flags and the operating system.
        try reader.skip(6)
        if flags & Flag.extra != 0 { try reader.skip(Int(try reader.integer(bytes: 2))) }
        if flags & Flag.name != 0 { try reader.skipThroughZero() }
        if flags & Flag.comment != 0 { try reader.skipThroughZero() }
        guard flags & Flag.headerChecksum != 0 else { return }
        let checksum = Checksum.of(reader.bytes[start..<reader.position]) & 0xFFFF
        guard try reader.integer(bytes: 2) == checksum else { throw .checksumMismatch }
    }

    /// Checks the eight bytes behind the deflate data.
    static func checkTrailer(
        _ reader: inout ByteReader, checksum: UInt32, length: Int
    ) throws(GzipError) {
        guard try reader.integer(bytes: 4) == checksum else { throw .checksumMismatch }
        // RFC 1952 §2.3.1: the length modulo 2³².
        guard try reader.integer(bytes: 4) == UInt32(truncatingIfNeeded: length) else {
            throw .lengthMismatch
        }
    }

    /// The eight bytes behind the deflate data of a content.
    static func trailer(of content: [UInt8]) -> [UInt8] {
        [Checksum.of(content[...]), UInt32(truncatingIfNeeded: content.count)].flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }
}

/// Bytes with the place of the next one.
struct ByteReader {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(GzipError) -> UInt8 {
        guard position < bytes.count else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func skip(_ count: Int) throws(GzipError) {
        guard count <= bytes.count - position else { throw .truncated }
        position += count
    }

    mutating func skipThroughZero() throws(GzipError) {
        while try byte() != 0 {}
    }

    /// A number of up to four bytes, the lowest first.
    mutating func integer(bytes count: Int) throws(GzipError) -> UInt32 {
        var number: UInt32 = 0
        for place in 0..<count {
            number |= UInt32(try byte()) << (8 * UInt32(place))
        }
        return number
    }
}

/// The CRC-32 of RFC 1952 §8.
enum Checksum {
    /// The checksum of bytes that follow others with the checksum `previous`.
    static func of(_ bytes: ArraySlice<UInt8>, after previous: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBufferPointer { buffer in
            // zlib takes a null pointer for a question about the initial value.
            guard let base = buffer.baseAddress else { return previous }
            return UInt32(truncatingIfNeeded: crc32_z(UInt(previous), base, buffer.count))
        }
    }
}
