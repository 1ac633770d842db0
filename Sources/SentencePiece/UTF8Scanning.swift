extension Span where Element == UInt8 {
    /// The length of the well-formed UTF-8 sequence at `offset`, or nil where there is none.
    ///
    /// Overlong forms, surrogates and values above U+10FFFF are not well formed
    /// (Unicode 15, table 3-7). `offset` must be inside the span.
    func characterLength(at offset: Int) -> Int? {
        let lead = self[offset]
        if lead < 0x80 { return 1 }
        guard let (length, second) = Self.form(ofLead: lead), offset + length <= count,
            second.contains(self[offset + 1])
        else { return nil }
        for index in (offset + 2)..<Swift.max(offset + 2, offset + length)
        where self[index] & 0xC0 != 0x80 {
            return nil
        }
        return length
    }

    /// The number of bytes that the first byte of a character announces, cut off at the span's
    /// end; 1 for a byte that starts no character.
    package func announcedLength(at offset: Int) -> Int {
        let lead = self[offset]
        let announced =
            switch lead {
            case ..<0xC0: 1
            case ..<0xE0: 2
            case ..<0xF0: 3
            default: 4
            }
        return Swift.min(announced, count - offset)
    }

    /// The offset of the first byte that is part of no character, or nil where all are.
    func firstInvalidUTF8() -> Int? {
        var offset = 0
        while offset < count {
            guard let length = characterLength(at: offset) else { return offset }
            offset += length
        }
        return nil
    }

    /// The sequence length and the range of the second byte (table 3-7), for a lead above 0x7F.
    private static func form(ofLead lead: UInt8) -> (Int, ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }
}
