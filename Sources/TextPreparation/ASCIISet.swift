/// A set of ASCII characters; a look-up is two instructions.
struct ASCIISet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    static let digits = Self("0123456789")
    static let small = Self("abcdefghijklmnopqrstuvwxyz")
    static let capitals = Self("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    static let alphanumerics = digits.union(small).union(capitals)

    /// - Parameter characters: what is in the set; what is not ASCII is left out.
    init(_ characters: String) {
        for byte in characters.utf8 where byte < 128 {
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }
    }

    /// Both sets in one.
    func union(_ other: Self) -> Self {
        var both = self
        both.low |= other.low
        both.high |= other.high
        return both
    }

    /// Whether a scalar is in the set.
    @inline(__always)
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        guard value < 128 else { return false }
        return (value < 64 ? low >> UInt64(value) : high >> UInt64(value - 64)) & 1 == 1
    }
}
