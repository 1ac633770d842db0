/// What may end a sentence: terminators, closing marks, blanks.
struct TerminatorCluster {
    /// The first terminator.
    let start: Int
    /// The end of the terminators.
    let end: Int
    /// The end of the closing quotation marks and brackets.
    let closeEnd: Int
    /// The end of the blanks: where a sentence would begin.
    let next: Int
    /// The number of full stops; an ellipsis in one scalar counts as three.
    let dots: Int
    /// Whether there is a terminator other than a full stop.
    let hasMark: Bool
    /// Whether the full stops are parted by blanks.
    let isSpaced: Bool

    static let ellipsis: UInt32 = 0x2026

    /// Whether one begins at the index.
    static func begins(at index: Int, of line: Line) -> Bool {
        line.classes[index].isTerminator || line.values[index] == ellipsis
    }

    /// Reads the one that begins at the index.
    init(at start: Int, of line: Line) {
        self.start = start
        var end = start
        var dots = 0
        var hasMark = false
        while end < line.count, Self.begins(at: end, of: line) {
            if line.values[end] == Self.ellipsis {
                dots += 3
            } else if line.classes[end] == .aTerm {
                dots += 1
            } else {
                hasMark = true
            }
            end += 1
        }
        var isSpaced = false
        if !hasMark && dots == 1, let last = Self.spacedDots(after: end, of: line) {
            dots = 1 + (last - end) / 2
            end = last
            isSpaced = true
        }
        self.end = end
        self.dots = dots
        self.hasMark = hasMark
        self.isSpaced = isSpaced
        closeEnd = Self.closing(from: end, of: line)
        next = line.skip(.space, from: closeEnd)
    }

    /// The end of full stops that stand alone, each after one blank; nil if there are fewer than two.
    private static func spacedDots(after end: Int, of line: Line) -> Int? {
        var last = end
        while last + 1 < line.count, line.classes[last] == .space, line.values[last + 1] == 0x2E,
            last + 2 == line.count || !(line.classes[last + 2].isTerminator)
        {
            last += 2
        }
        return last - end >= 4 ? last : nil
    }

    /// The end of what closes: marks that stand at the terminator, and a guillemet after a blank whose pair
    /// is before.
    private static func closing(from end: Int, of line: Line) -> Int {
        var index = end
        while index < line.count {
            if let note = noteEnd(index, of: line) {
                index = note
                continue
            }
            if line.classes[index] == .close && !opens(index, of: line) {
                index += 1
                continue
            }
            let behind = line.skip(.space, from: index)
            guard behind > index, behind < line.count, line.values[behind] == 0xBB,
                line.brackets.opening[behind] >= 0
            else { break }
            index = behind + 1
        }
        return index
    }

    /// The end of the number of a note, as in "end.[12]".
    private static func noteEnd(_ index: Int, of line: Line) -> Int? {
        guard line.values[index] == 0x5B else { return nil }
        var end = index + 1
        while end < min(line.count, index + 5), line.classes[end] == .numeric { end += 1 }
        return end > index + 1 && end < line.count && line.values[end] == 0x5D ? end + 1 : nil
    }

    /// Whether the mark at the index opens what follows: a bracket, or a mark of the category Pi that stands at
    /// a word.
    private static func opens(_ index: Int, of line: Line) -> Bool {
        guard let scalar = Unicode.Scalar(line.values[index]) else { return false }
        switch scalar.properties.generalCategory {
        case .openPunctuation: return true
        case .initialPunctuation:
            return index + 1 < line.count
                && (line.classes[index + 1].isLetter || line.classes[index + 1] == .numeric)
        default: return false
        }
    }
}
