/// The gzip format of RFC 1952, which HTTP names as a content coding (RFC 9110 §8.4.1.3).
public enum Gzip {
    /// Where zlib gets its memory from.
    package enum Memory {
        case system
        /// Nowhere: for tests of what happens then.
        case none
    }

    /// Compresses bytes into one member, at zlib's default level.
    ///
    /// Equal bytes give equal results: the header holds neither time nor name. Takes time in
    /// proportion to the bytes, and about 350 KiB of memory besides the result; where these are not to be
    /// had, the member holds the bytes as they are.
    ///
    /// - Parameter bytes: the content; may be empty.
    /// - Returns: the gzip data.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] { compress(bytes, .system) }

    package static func compress(_ bytes: [UInt8], _ memory: Memory) -> [UInt8] {
        (try? deflate(bytes, memory)) ?? store(bytes)
    }

    /// One member of stored blocks (RFC 1951 §3.2.4), for which zlib is not needed.
    private static func store(_ bytes: [UInt8]) -> [UInt8] {
        var result = GzipFraming.plainHeader
        var start = 0
        repeat {
            let end = min(start + 0xFFFF, bytes.count)
            let count = UInt16(end - start)
            result.append(end == bytes.count ? 1 : 0)
            for number in [count, ~count] {
                result += [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)]
            }
            result += bytes[start..<end]
            start = end
        } while start < bytes.count
        return result + GzipFraming.trailer(of: bytes)
    }

    private static func deflate(_ bytes: [UInt8], _ memory: Memory) throws(GzipError) -> [UInt8] {
        var stream = DeflateStream(.compress, memory)
        var result = GzipFraming.plainHeader
        var position = 0
        while true {
            let (block, status) = stream.step(bytes, &position)
            result += block
            if case .ended = status { break }
            if case .noMemory = status { throw .noMemory }
        }
        result += GzipFraming.trailer(of: bytes)
        return result
    }

    /// Decompresses one or more members in a row into the concatenation of their contents.
    ///
    /// Work stops as soon as the result would pass the limit: time and memory are bounded by it,
    /// whatever the data claims. No single allocation exceeds the limit or 64 KiB, whichever is
    /// larger.
    ///
    /// - Parameters:
    ///   - bytes: the whole data; nothing else may follow the last member.
    ///   - limit: how many bytes the result may have.
    /// - Returns: the content.
    /// - Throws: the first fault, in the order of the bytes.
    public static func decompress(
        _ bytes: [UInt8], limit: Int
    ) throws(GzipError) -> [UInt8] {
        try decompress(bytes, limit: limit, .system)
    }

    package static func decompress(
        _ bytes: [UInt8], limit: Int, _ memory: Memory
    ) throws(GzipError) -> [UInt8] {
        var reader = ByteReader(bytes)
        var stream = DeflateStream(.decompress, memory)
        var content = BoundedBytes(limit: limit)
        try GzipFraming.skipHeader(&reader, foreign: .notGzip)
        try member(&reader, &stream, into: &content)
        while !reader.isAtEnd {
            try GzipFraming.skipHeader(&reader, foreign: .trailingBytes)
            try member(&reader, &stream, into: &content)
        }
        return content.bytes
    }

    /// Decompresses the data of one member and checks its trailer.
    private static func member(
        _ reader: inout ByteReader, _ stream: inout DeflateStream, into content: inout BoundedBytes
    ) throws(GzipError) {
        stream.reset()
        let start = content.bytes.count
        var checksum: UInt32 = 0
        while true {
            let (block, status) = stream.step(reader.bytes, &reader.position)
            checksum = Checksum.of(block, after: checksum)
            try content.append(block)
            switch status {
            case .corrupt: throw .corrupt
            case .noMemory: throw .noMemory
            case .ended:
                return try GzipFraming.checkTrailer(
                    &reader, checksum: checksum, length: content.bytes.count - start)
            case .goesOn:
                guard !block.isEmpty || !reader.isAtEnd else { throw .truncated }
            }
        }
    }
}

/// Bytes that grow by doubling, and never beyond a limit.
private struct BoundedBytes {
    let limit: Int
    private(set) var bytes: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ more: ArraySlice<UInt8>) throws(GzipError) {
        guard more.count <= limit - bytes.count else { throw .tooLarge(limit: limit) }
        let needed = bytes.count + more.count
        if needed > bytes.capacity {
            bytes.reserveCapacity(min(limit, max(needed, 2 * bytes.capacity)))
        }
        bytes += more
    }
}
