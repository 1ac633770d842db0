/// From offsets in bytes to offsets in characters (Unicode code points), for places of a text that ascend: all of them together
/// take time proportional to its length.
struct CharacterOffsets {
    private var rest: Substring.UTF8View
    private var bytes = 0
    private var characters = 0

    init(of text: String) { rest = text[...].utf8 }

    /// The ranges in characters of some in bytes in any order, in time proportional to the text and the number of them.
    static func ranges(_ ranges: [Range<Int>], of text: String) -> [Range<Int>] {
        guard !ranges.isEmpty else { return [] }
        var offsets: [Int] = [0]
        offsets.reserveCapacity(text.utf8.count + 1)
        for byte in text.utf8 {
            offsets.append(offsets[offsets.count - 1] + (byte & 0xC0 != 0x80 ? 1 : 0))
        }
        func offset(_ byte: Int) -> Int { offsets[min(byte, offsets.count - 1)] }
        return ranges.map { offset($0.lowerBound)..<offset($0.upperBound) }
    }

    /// The range in characters of one in bytes that begins at the end of the last one or later.
    mutating func range(_ range: Range<Int>) -> Range<Int> {
        let start = offset(of: range.lowerBound)
        return start..<max(start, offset(of: range.upperBound))
    }

    private mutating func offset(of byte: Int) -> Int {
        while bytes < byte, let next = rest.popFirst() {
            bytes += 1
            // Every byte but those that continue a character begins one.
            if next & 0xC0 != 0x80 { characters += 1 }
        }
        return characters
    }
}
