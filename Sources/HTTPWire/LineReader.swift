/// Received bytes not yet consumed, handed out as lines or as runs; each byte is looked at once.
struct LineReader {
    /// Why no line came out of the bytes so far.
    enum Fault: Error {
        case tooLong
        case malformed
    }

    private var bytes: [UInt8] = []
    private var start = 0
    private var scanned = 0

    var count: Int { bytes.count - start }

    /// What was received and not yet consumed.
    var unread: ArraySlice<UInt8> { bytes[start...] }

    mutating func append(_ more: ArraySlice<UInt8>) {
        // Moving the rest to the front only when it is the smaller part keeps the cost linear.
        if start > 0, count <= start {
            bytes.removeSubrange(..<start)
            scanned -= start
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next line without its CRLF, or nil until that has come.
    ///
    /// Bytes are judged in their order, so the outcome does not depend on how they were split: a
    /// line of more than `limit` bytes with its CRLF, or a control byte, a CR without LF or an LF
    /// without CR (RFC 9112 §2.2), whichever comes first.
    mutating func line(limit: Int) throws(Fault) -> ArraySlice<UInt8>? {
        while scanned < bytes.count {
            let byte = bytes[scanned]
            guard scanned - start < limit else { throw .tooLong }
            let afterReturn = scanned > start && bytes[scanned - 1] == ASCII.carriageReturn
            if byte == ASCII.lineFeed {
                guard afterReturn else { throw .malformed }
                let line = bytes[start..<(scanned - 1)]
                consume(to: scanned + 1)
                return line
            }
            guard !afterReturn, byte == ASCII.carriageReturn || !ASCII.isControl(byte) else {
                throw .malformed
            }
            scanned += 1
        }
        return nil
    }

    /// Takes up to `most` bytes.
    mutating func take(_ most: Int) -> ArraySlice<UInt8> {
        let end = start + min(most, count)
        let taken = bytes[start..<end]
        consume(to: end)
        return taken
    }

    /// Gives the memory back when all is consumed: an idle connection should hold none.
    private mutating func consume(to end: Int) {
        (start, scanned) = (end, end)
        guard end == bytes.count else { return }
        (bytes, start, scanned) = ([], 0, 0)
    }
}
