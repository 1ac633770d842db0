/// Items of a list that stand in one line: "1.) The first item 2.) The second item".
enum InlineList {
    /// The mark of an item.
    private struct Mark {
        enum Kind: Equatable {
            case bullet(UInt32)
            case number
            case letter
        }

        let kind: Kind
        /// What follows a number or letter, such as `.)`; empty for a bullet.
        let suffix: [UInt32]
        let isOpened: Bool
        /// The value of a number, or a letter's place in the alphabet.
        let value: Int
        let end: Int
    }

    /// Whether a scalar is a bullet.
    static func isBullet(_ value: UInt32) -> Bool {
        switch value {
        case 0x2022, 0x2023, 0x2043, 0x25AA, 0x25AB, 0x25CB, 0x25CF, 0x25E6: true
        default: false
        }
    }

    /// The indices at which items after the first begin; none in a line that does not begin with a mark.
    static func boundaries(of line: Line) -> [Int] {
        let start = line.skip(.space, from: 0)
        guard start < line.count, var last = mark(at: start, of: line) else { return [] }
        var found: [Int] = []
        var index = last.end
        while index < line.count {
            defer { index += 1 }
            guard line.isBlank(before: index), line.brackets.enclosedUntil[index - 1] < 0,
                let mark = mark(at: index, of: line), mark.kind == last.kind,
                mark.suffix == last.suffix, mark.isOpened == last.isOpened,
                mark.value == last.value + 1 || mark.suffix.isEmpty
            else { continue }
            found.append(index)
            last = mark
        }
        return found
    }

    private static func mark(at index: Int, of line: Line) -> Mark? {
        if isBullet(line.values[index]) {
            return Mark(
                kind: .bullet(line.values[index]), suffix: [], isOpened: false, value: 0,
                end: index + 1)
        }
        let isOpened = line.values[index] == 0x28
        return counted(at: index + (isOpened ? 1 : 0), isOpened, of: line)
    }

    private static func counted(at start: Int, _ isOpened: Bool, of line: Line) -> Mark? {
        guard start < line.count else { return nil }
        var end = start
        var value = 0
        let isNumber = (0x30...0x39).contains(line.values[start])
        while isNumber, end < min(line.count, start + 3), (0x30...0x39).contains(line.values[end]) {
            value = value * 10 + Int(line.values[end] - 0x30)
            end += 1
        }
        if !isNumber {
            guard (0x61...0x7A).contains(line.values[start] | 0x20) else { return nil }
            value = Int(line.values[start] | 0x20)
            end += 1
        }
        let suffixStart = end
        if end < line.count, line.values[end] == 0x2E { end += 1 }
        if end < line.count, line.values[end] == 0x29 { end += 1 }
        let suffix = Array(line.values[suffixStart..<end])
        guard isMark(suffix, isOpened, start: start, end: end, of: line) else { return nil }
        return Mark(
            kind: isNumber ? .number : .letter, suffix: suffix, isOpened: isOpened, value: value,
            end: end)
    }

    /// Whether a number or letter with this suffix counts an item, not a day, an initial or a bracket.
    private static func isMark(
        _ suffix: [UInt32], _ isOpened: Bool, start: Int, end: Int, of line: Line
    ) -> Bool {
        guard let last = suffix.last, end < line.count, line.classes[end] == .space else {
            return false
        }
        if isOpened { return suffix == [0x29] }
        guard last == 0x2E else { return true }
        if line.classes[start] == .upper { return false }
        let word = line.word(from: line.skip(.space, from: end))
        return word.isCapitalised && !line.rules.ordinalFollowers.contains(word.lowered)
    }
}
