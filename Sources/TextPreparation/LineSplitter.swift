/// Parts a text into what is segmented on its own: lines, or paragraphs whose lines are wrapped.
struct LineSplitter {
    let scalars: [Unicode.Scalar]
    let rules: LanguageRules

    /// The ranges of the lines without their ends: CR LF, LF, CR, NEL, LS, PS, VT or FF (UAX #14, BK, CR, LF, NL).
    func lines() -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for (index, scalar) in scalars.enumerated() where Self.endsLine(scalar) {
            let isPair = scalar == "\n" && index > 0 && scalars[index - 1] == "\r"
            if !isPair { lines.append(start..<index) }
            start = index + 1
        }
        lines.append(start..<scalars.count)
        return lines
    }

    /// The ranges of the paragraphs: lines that follow each other, up to a blank one or one that begins with a
    /// mark of a list.
    func paragraphs() -> [Range<Int>] {
        var paragraphs: [Range<Int>] = []
        var isOpen = false
        for line in lines() {
            let content = line.first { !scalars[$0].isBlank }
            guard let content else {
                isOpen = false
                continue
            }
            if isOpen, let last = paragraphs.last, contentStart(line) == content {
                paragraphs[paragraphs.count - 1] = last.lowerBound..<line.upperBound
            } else {
                paragraphs.append(line)
            }
            isOpen = true
        }
        return paragraphs
    }

    /// Whether a scalar ends a line.
    static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Where the words of a line begin, behind blanks and the marks of quotations and lists.
    ///
    /// Such marks are `>`, `-`, `1.`, `a)`, `•`, `#` and `[x]`. Without words it is the end of the range.
    func contentStart(_ range: Range<Int>) -> Int {
        var index = skipBlanks(range.lowerBound, range.upperBound)
        while index < range.upperBound, let end = sign(at: index, range.upperBound) {
            index = skipBlanks(end, range.upperBound)
        }
        if index < range.upperBound, let end = count(at: index, range.upperBound) {
            index = skipBlanks(end, range.upperBound)
        }
        return index
    }

    private func skipBlanks(_ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, scalars[index].isBlank { index += 1 }
        return index
    }

    private func isBlankOrEnd(_ index: Int, _ end: Int) -> Bool {
        index >= end || scalars[index].isBlank
    }

    /// Signs that need no blank after them.
    private static func isTight(_ scalar: Unicode.Scalar) -> Bool {
        scalar == ">" || InlineList.isBullet(scalar.value)
    }

    /// Signs that need one.
    private static func isLoose(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2A, 0x2B, 0x2D, 0xB7, 0x2013, 0x2014, 0x2192, 0x25A0, 0x25A1, 0x2713, 0x2714, 0x27A2:
            true
        default: false
        }
    }

    /// The end of the sign at the index, if there is one.
    private func sign(at index: Int, _ end: Int) -> Int? {
        let scalar = scalars[index]
        if Self.isTight(scalar) { return index + 1 }
        if Self.isLoose(scalar) { return isBlankOrEnd(index + 1, end) ? index + 1 : nil }
        if scalar == "#" {
            var last = index
            while last < min(end, index + 7), scalars[last] == "#" { last += 1 }
            return last - index <= 6 && isBlankOrEnd(last, end) ? last : nil
        }
        guard scalar == "[", index + 3 <= end, scalars[index + 2] == "]",
            [" ", "x", "X"].contains(scalars[index + 1]), isBlankOrEnd(index + 3, end)
        else { return nil }
        return index + 3
    }

    /// The end of the number or letter that counts an item at the index, if there is one.
    private func count(at index: Int, _ end: Int) -> Int? {
        let isOpened = scalars[index] == "("
        let start = isOpened ? index + 1 : index
        var last = start
        while last < min(end, start + 9), Self.counts(scalars[last]) { last += 1 }
        // The last full stop belongs to the suffix.
        if last > start, scalars[last - 1] == "." { last -= 1 }
        guard last > start, last < end, scalars[last] == ")" || scalars[last] == ".",
            let kind = kind(of: start..<last)
        else { return nil }
        if scalars[last] == ")" { return isBlankOrEnd(last + 1, end) ? last + 1 : nil }
        guard !isOpened, kind != .capital else { return nil }
        if last + 1 < end, scalars[last + 1] == ")" {
            return isBlankOrEnd(last + 2, end) ? last + 2 : nil
        }
        guard isBlankOrEnd(last + 1, end) else { return nil }
        return kind == .number && isDay(skipBlanks(last + 1, end), end) ? nil : last + 1
    }

    private enum Counter {
        case number
        case small
        case capital
    }

    private static func counts(_ scalar: Unicode.Scalar) -> Bool {
        ASCIISet.alphanumerics.contains(scalar) || scalar == "."
    }

    /// Numbers of up to three digits, also "1.2.3"; one letter; Roman numbers in small letters.
    private func kind(of range: Range<Int>) -> Counter? {
        let text = String(scalars[range])
        if let first = text.unicodeScalars.first, ("0"..."9").contains(first) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            let areNumbers = parts.allSatisfy {
                (1...3).contains($0.count) && $0.allSatisfy(\.isNumber)
            }
            return areNumbers ? .number : nil
        }
        if range.count == 1 {
            guard text != "." else { return nil }
            return text.uppercased() == text ? .capital : .small
        }
        return text.count <= 6 && text.allSatisfy("ivxl".contains) ? .small : nil
    }

    /// Whether the word at the index makes the number before it an ordinal, as a month does.
    private func isDay(_ start: Int, _ end: Int) -> Bool {
        guard !rules.ordinalFollowers.isEmpty else { return false }
        var last = start
        while last < min(end, start + 24), scalars[last].properties.isAlphabetic { last += 1 }
        return rules.ordinalFollowers.contains(String(scalars[start..<last]).lowercased())
    }
}
