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
        part(at: place, length).flatMap { part in
            Int(exactly: part.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
        }
    }

    /// A number of 32 bits (binary32).
    func float(at place: Int) -> Float? {
        integer(at: place, 4).map { Float(bitPattern: UInt32($0)) }
    }

    /// UTF-8.
    func text(at place: Int, _ length: Int) -> String? {
        part(at: place, length).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private func part(at place: Int, _ length: Int) -> ArraySlice<UInt8>? {
        guard place >= 0, length <= bytes.count, place <= bytes.count - length else { return nil }
        return bytes[place..<place + length]
    }
}
