/// 32 bits that stand for a run of characters, as in `scripts/make-language-profiles`.
///
/// Different runs may have the same: about one in 100,000 that is in no profile looks like one that is.
struct GramHash {
    private(set) var value: UInt32 = 0x811C_9DC5
    /// Stands before and after a word.
    static let blank: UInt32 = 0x20

    mutating func add(_ character: UInt32) {
        value = (value ^ character) &* 0x9E37_79B1
        value ^= value >> 15
    }
}
