/// Reads one protocol buffer message field by field, without schema and without copying.
///
/// A nested message is read by another reader over the range that its field names. Every length
/// is checked against the end of the enclosing message before it is used. Groups are refused:
/// they are deprecated and no SentencePiece model holds one.
package struct ProtobufReader {
    /// The whole file; ranges and offsets refer to it at every nesting depth.
    package let bytes: [UInt8]
    package private(set) var offset: Int
    private let end: Int

    /// One field as it lies on the wire.
    package struct Field {
        package var number: Int
        package var payload: Payload
    }

    /// A field's content by wire type (protobuf encoding guide, "Message Structure").
    package enum Payload {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64
        case bytes(Range<Int>)
    }

    package init(_ bytes: [UInt8]) {
        self.init(bytes, in: 0..<bytes.count)
    }

    // `range` is one that an outer reader gave, and so inside `bytes`.
    package init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the end of the message.
    package mutating func next() throws(SentencePieceError) -> Field? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), (1...0x1FFF_FFFF).contains(number) else {
            throw .malformedMessage(.invalidFieldNumber, offset: start)
        }
        return switch tag & 7 {
        case 0: Field(number: number, payload: .varint(try varint()))
        case 1: Field(number: number, payload: try fixed64())
        case 2: Field(number: number, payload: .bytes(try lengthDelimited()))
        case 5: Field(number: number, payload: .fixed32(try fixed32()))
        case let type:
            throw .malformedMessage(.unsupportedWireType(UInt8(type)), offset: start)
        }
    }

    private mutating func varint() throws(SentencePieceError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < end else { throw .malformedMessage(.truncated, offset: offset) }
            let byte = bytes[offset]
            offset += 1
            // Bits beyond the 64th are dropped, as the reference implementation does.
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformedMessage(.overlongInteger, offset: offset)
    }

    private mutating func fixed32() throws(SentencePieceError) -> UInt32 {
        let range = try take(4)
        return bytes[range].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private mutating func fixed64() throws(SentencePieceError) -> Payload {
        _ = try take(8)
        return .fixed64
    }

    private mutating func lengthDelimited() throws(SentencePieceError) -> Range<Int> {
        let start = offset
        guard let length = Int(exactly: try varint()) else {
            throw .malformedMessage(.truncated, offset: start)
        }
        return try take(length)
    }

    private mutating func take(_ count: Int) throws(SentencePieceError) -> Range<Int> {
        guard count <= end - offset else { throw .malformedMessage(.truncated, offset: offset) }
        defer { offset += count }
        return offset..<(offset + count)
    }
}
