extension SeededGenerator {
    /// Changes, inserts, removes, repeats or cuts off bytes at one place of a text that has some.
    public mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = below(bytes.count)
        switch below(6) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
        case 1: bytes[place] ^= 1 << UInt8(below(8))
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(Self.telling[below(Self.telling.count)], at: place)
        case 4: bytes.removeSubrange(place...)
        default:
            let end = min(bytes.count, place + 1 + below(16))
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        }
    }

    /// Bytes that mean something to a JSON parser.
    private static let telling =
        Array("{}[]\",:\\u0123456789-.eE+tfn \n".utf8) + [0x80, 0xED, 0xFF]
}
