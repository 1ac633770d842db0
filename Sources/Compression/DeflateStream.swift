import CZlib

/// zlib at work on raw deflate data (RFC 1951), one block of output at a time.
struct DeflateStream: ~Copyable {
    enum Status {
        /// The block is full, or the input is used up before the data ends.
        case goesOn
        case ended
        case corrupt
        case noMemory
    }

    /// Bytes of output that one step makes at most.
    static let blockBytes = 64 << 10

    /// nil where zlib got no memory for it.
    private let state: ZlibState?
    private var block = [UInt8](repeating: 0, count: blockBytes)

    init(_ direction: ZlibState.Direction, _ memory: Gzip.Memory = .system) {
        state = ZlibState(direction, memory)
    }

    deinit { state?.destroy() }

    /// Begins new data with the memory of the old.
    mutating func reset() { state?.reset() }

    /// Makes at most one block out of the input, whose end is the end of the data.
    ///
    /// - Parameters:
    ///   - input: the whole input.
    ///   - position: where to go on in the input; moved behind what was used.
    /// - Returns: the block, and whether the data has ended.
    mutating func step(
        _ input: [UInt8], _ position: inout Int
    ) -> (block: ArraySlice<UInt8>, status: Status) {
        guard let state else { return ([], .noMemory) }
        // zlib counts input in 32 bits.
        let end = position + min(input.count - position, 1 << 30)
        let result = input[position..<end].withUnsafeBufferPointer { source in
            block.withUnsafeMutableBufferPointer { target in
                state.run(source, target, isLast: end == input.count)
            }
        }
        position += result.consumed
        return (block[..<result.produced], result.status)
    }
}

/// The C structure of zlib, at one address as zlib demands; `DeflateStream` owns it.
struct ZlibState {
    enum Direction {
        case compress
        case decompress
    }

    private let direction: Direction
    private let stream: UnsafeMutablePointer<z_stream>

    init?(_ direction: Direction, _ memory: Gzip.Memory) {
        self.direction = direction
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        if memory == .none { stream.pointee.zalloc = { _, _, _ in nil } }
        let size = Int32(MemoryLayout<z_stream>.size)
        // Negative window bits: deflate data without a framing of zlib's.
        let code =
            switch direction {
            case .compress:
                deflateInit2_(
                    stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL - 1,
                    Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
            case .decompress: inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, size)
            }
        guard code == Z_OK else {
            stream.deinitialize(count: 1)
            stream.deallocate()
            return nil
        }
    }

    func destroy() {
        _ = direction == .compress ? deflateEnd(stream) : inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func reset() {
        _ = direction == .compress ? deflateReset(stream) : inflateReset(stream)
    }

    /// Runs until the input is used up, the output is full, or the data ends.
    ///
    /// - Parameters:
    ///   - source: at most 2³² − 1 bytes; zlib keeps no pointer to them.
    ///   - target: where the output goes, at most 2³² − 1 bytes.
    ///   - isLast: whether no more input follows, which compression has to know.
    /// - Returns: bytes used and made, and whether the data has ended.
    func run(
        _ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>,
        isLast: Bool
    ) -> (consumed: Int, produced: Int, status: DeflateStream.Status) {
        // zlib only reads its input; its C type lacks the const.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        stream.pointee.avail_in = UInt32(source.count)
        stream.pointee.next_out = target.baseAddress
        stream.pointee.avail_out = UInt32(target.count)
        let code =
            switch direction {
            case .compress: deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            case .decompress: inflate(stream, Z_NO_FLUSH)
            }
        let consumed = source.count - Int(stream.pointee.avail_in)
        let produced = target.count - Int(stream.pointee.avail_out)
        switch code {
        case Z_OK, Z_BUF_ERROR: return (consumed, produced, .goesOn)
        case Z_STREAM_END: return (consumed, produced, .ended)
        case Z_MEM_ERROR: return (consumed, produced, .noMemory)
        default: return (consumed, produced, .corrupt)
        }
    }
}
