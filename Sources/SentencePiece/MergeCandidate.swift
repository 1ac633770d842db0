/// Two neighbouring symbols that together are a piece.
struct MergeCandidate: Comparable {
    /// Orders scores as integers: greater is better.
    var rank: Int32
    /// Bytes of both, to recognise a candidate that an earlier merge has overtaken.
    var length: Int32
    var left: Int
    var right: Int

    init(score: Float, length: Int32, left: Int, right: Int) {
        // IEEE 754 bit patterns compare as the numbers do once those of negative numbers are
        // turned round. The reference implementation compares them so, signed zeros included.
        let bits = Int32(bitPattern: score.bitPattern)
        rank = bits < 0 ? bits ^ .max : bits
        self.length = length
        self.left = left
        self.right = right
    }

    /// Whether the other is merged first: by score, then from left to right.
    @inline(__always)
    static func < (one: Self, other: Self) -> Bool {
        one.rank < other.rank || (one.rank == other.rank && one.left > other.left)
    }
}
