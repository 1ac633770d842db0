extension [Range<Int>] {
    /// Ranges of a text in characters (Unicode code points), where these are in bytes: in any order, in time proportional to the
    /// text and the number of them.
    func inCharacters(of text: String) -> Self {
        guard !isEmpty else { return [] }
        var offsets: [Int] = [0]
        offsets.reserveCapacity(text.utf8.count + 1)
        for byte in text.utf8 {
            // Every byte but those that continue a character begins one.
            offsets.append(offsets[offsets.count - 1] + (byte & 0xC0 != 0x80 ? 1 : 0))
        }
        func offset(_ byte: Int) -> Int { offsets[Swift.min(byte, offsets.count - 1)] }
        return map { offset($0.lowerBound)..<offset($0.upperBound) }
    }
}
