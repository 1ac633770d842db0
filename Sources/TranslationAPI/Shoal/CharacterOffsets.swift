/// From offsets in bytes to offsets in characters (Unicode code points), for places of a text that ascend: all of them together
/// take time proportional to its length.
struct CharacterOffsets {
    private var rest: Substring.UTF8View
    private var bytes = 0
    private var characters = 0

    init(of text: String) { rest = text[...].utf8 }

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
