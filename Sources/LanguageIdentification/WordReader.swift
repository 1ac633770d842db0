/// Finds the words of a text, one character after the other: letters of one script in small, with apostrophes within.
struct WordReader {
    /// Code points of the word read so far.
    private(set) var word: [UInt32] = []
    private(set) var script: LetterTable.Kind = .none
    private let table = LetterTable.shared
    private static let apostrophe: UInt32 = 0x27
    /// Lengthens a letter, and says nothing.
    private static let tatweel: UInt32 = 0x640

    /// Takes a character.
    ///
    /// - Parameters:
    ///   - value: its code point.
    ///   - body: called with the word that ends before it, if any, and its script.
    @inline(__always)
    mutating func read(_ value: UInt32, _ body: (borrowing [UInt32], LetterTable.Kind) -> Void) {
        let small = table.small(value)
        var kind = table.kind(small)
        if kind == .mark { kind = script }
        if kind == .none, small == Self.apostrophe, let last = word.last, last != small {
            word.append(small)
            return
        }
        if kind != script { finish(body) }
        script = kind
        if kind != .none, small != Self.tatweel { word.append(small) }
    }

    /// Ends the last word.
    mutating func finish(_ body: (borrowing [UInt32], LetterTable.Kind) -> Void) {
        if word.last == Self.apostrophe { word.removeLast() }
        if !word.isEmpty { body(word, script) }
        word.removeAll(keepingCapacity: true)
        script = .none
    }
}
