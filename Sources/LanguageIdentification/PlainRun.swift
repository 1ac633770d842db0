/// Characters of ASCII without a blank between: a part of a word, a word, or something that is no language.
struct PlainRun {
    private(set) var characters: [UInt32] = []
    /// Whether nothing in it says that it is an address, the name of a file, a number, a placeholder or code.
    private(set) var isText = true
    /// Of each character of ASCII, whether it is such a sign.
    private static let isSign = (0..<0x80).map { value in
        "@/\\_{}<>$%=#&0123456789".utf8.contains(value)
    }
    private static let dot: UInt32 = 0x2E

    mutating func add(_ value: UInt32) {
        let isLetter = (0x41...0x5A).contains(value & ~0x20)
        if Self.isSign[Int(value)] || isLetter && characters.last == Self.dot { isText = false }
        characters.append(value)
    }

    mutating func removeAll() {
        characters.removeAll(keepingCapacity: true)
        isText = true
    }
}
