/// Gzip data that comes in parts, turned into its content a block at a time.
///
/// Takes one or more members in a row. Holds the part given last, a header of 64 KiB at most, and one
/// block of 64 KiB, whatever the data claims.
public struct GzipStream: ~Copyable {
    private enum Place {
        /// Before a header; the error for bytes that begin like none.
        case header(foreign: GzipError)
        case data
        case trailer
    }

    private static let headerLimit = 64 << 10

    private var place = Place.header(foreign: .notGzip)
    private var input = ByteReader([])
    private var stream = DeflateStream(.decompress)
    private var checksum: UInt32 = 0
    private var length = 0
    /// Whether the last block was full, so that more content may come without more data.
    private var hasMore = false

    /// Begins with nothing read.
    public init() {}

    /// Whether data begins like a gzip member: 1F 8B.
    ///
    /// - Parameter bytes: the first bytes of the data.
    /// - Returns: false also where there are fewer than two.
    public static func begins(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.starts(with: GzipFraming.magic)
    }

    /// Takes the next part of the data, after `next` has returned nil.
    ///
    /// - Parameter bytes: any number of them.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        input = ByteReader(Array(input.bytes[input.position...]) + bytes)
    }

    /// The next block of content, never empty.
    ///
    /// - Returns: nil where more data is needed, or where all of it has been read.
    /// - Throws: the first fault, in the order of the bytes.
    public mutating func next() throws(GzipError) -> ArraySlice<UInt8>? {
        while true {
            switch place {
            case .header(let foreign):
                guard try skipHeader(foreign) else { return nil }
            case .data:
                guard !input.isAtEnd || hasMore else { return nil }
                let block = try decompress()
                if !block.isEmpty { return block }
            case .trailer:
                guard input.bytes.count - input.position >= GzipFraming.trailerBytes else {
                    return nil
                }
                try GzipFraming.checkTrailer(&input, checksum: checksum, length: length)
                place = .header(foreign: .trailingBytes)
            }
        }
    }

    /// Checks that the data ended where a member ends, after the last `next`.
    ///
    /// - Throws: `truncated` otherwise.
    public func finish() throws(GzipError) {
        guard case .header(.trailingBytes) = place, input.isAtEnd else { throw .truncated }
    }

    /// Steps over a header that is there as a whole.
    private mutating func skipHeader(_ foreign: GzipError) throws(GzipError) -> Bool {
        guard !input.isAtEnd else { return false }
        var reader = input
        do {
            try GzipFraming.skipHeader(&reader, foreign: foreign)
        } catch .truncated {
            let size = input.bytes.count - input.position
            guard size < Self.headerLimit else { throw .unsupportedHeader }
            return false
        }
        input = reader
        stream.reset()
        (checksum, length, hasMore) = (0, 0, false)
        place = .data
        return true
    }

    private mutating func decompress() throws(GzipError) -> ArraySlice<UInt8> {
        let start = input.position
        let (block, status) = stream.step(input.bytes, &input.position)
        checksum = Checksum.of(block, after: checksum)
        length += block.count
        hasMore = block.count == DeflateStream.blockBytes
        switch status {
        case .corrupt: throw .corrupt
        case .noMemory: throw .noMemory
        case .ended: place = .trailer
        case .goesOn:
            guard !block.isEmpty || input.position > start || input.isAtEnd else { throw .corrupt }
        }
        return block
    }
}
