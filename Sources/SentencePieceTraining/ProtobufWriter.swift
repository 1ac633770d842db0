/// Writes one protocol buffer message field by field, for `ProtobufReader` to read.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ field: Int, integer value: Int) {
        tag(field, wireType: 0)
        varint(UInt64(bitPattern: Int64(value)))
    }

    mutating func write(_ field: Int, flag value: Bool) {
        write(field, integer: value ? 1 : 0)
    }

    mutating func write(_ field: Int, float value: Float) {
        tag(field, wireType: 5)
        let bits = value.bitPattern
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
        }
    }

    /// A string or a nested message.
    mutating func write(_ field: Int, content: some Collection<UInt8>) {
        tag(field, wireType: 2)
        varint(UInt64(content.count))
        bytes += content
    }

    private mutating func tag(_ field: Int, wireType: Int) {
        varint(UInt64(field << 3 | wireType))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
