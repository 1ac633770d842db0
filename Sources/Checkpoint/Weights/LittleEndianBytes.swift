/// Bytes with the numbers and texts in them; what is outside of them, or no such value, is nil.
struct LittleEndianBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    subscript(_ place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

    /// A number without sign of 1 to 8 bytes that an `Int` holds.
    func integer(at place: Int, _ length: Int) -> Int? {
        guard place >= 0, length <= bytes.count, place <= bytes.count - length else { return nil }
        var value: UInt64 = 0
        for index in (place..<place + length).reversed() {
            value = value << 8 | UInt64(bytes[index])
        }
        return Int(exactly: value)
    }

    /// UTF-8.
    func text(at place: Int, _ length: Int) -> String? {
        guard place >= 0, length <= bytes.count, place <= bytes.count - length else { return nil }
        return String(validating: bytes[place..<place + length], as: UTF8.self)
    }
}
