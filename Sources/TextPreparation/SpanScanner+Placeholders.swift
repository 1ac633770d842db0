extension SpanScanner {
    /// The end of `%d`, `%1$s`, `%-5.2f`, `%(name)s`, `%@`, `%1` and `%%`.
    func percentPlaceholder(at start: Int) -> Int? {
        if at(start + 1) == "(" { return namedFormat(at: start) }
        guard !Self.isDigit(at(start - 1)) || hasArgument(start + 1) else { return nil }
        if at(start + 1) == "%" { return at(start - 1) == "%" ? nil : start + 2 }
        var index = start + 1
        if hasArgument(index) { index = digits(from: index) + 1 }
        while index < start + 16, Self.flags.contains(at(index)) { index += 1 }
        let width = digits(from: index)
        if at(width) == "." { index = digits(from: width + 1) } else { index = width }
        for _ in 0..<2 where Self.sizes.contains(at(index)) { index += 1 }
        if Self.conversions.contains(at(index)), !isWord(index + 1) { return index + 1 }
        // Qt's `%1`.
        let isPlace = width == start + 2 && Self.isDigit(at(start + 1)) && at(start + 1) != "0"
        return isPlace && !isWord(width) ? width : nil
    }

    private static let flags = ASCIISet("-+0#'")
    private static let sizes = ASCIISet("hlLqjzt")
    private static let conversions = ASCIISet("diouxXeEfFgGaAcCsSpn@")

    /// Whether `1$` stands at the index.
    private func hasArgument(_ index: Int) -> Bool {
        let end = digits(from: index)
        return end > index && at(end) == "$"
    }

    /// The end of at most four digits.
    private func digits(from index: Int) -> Int {
        var end = index
        while end < index + 4, Self.isDigit(at(end)) { end += 1 }
        return end
    }

    /// The end of Python's `%(name)s`.
    private func namedFormat(at start: Int) -> Int? {
        var index = start + 2
        while index < start + 66, isWord(index) || at(index) == "." { index += 1 }
        guard index > start + 2, at(index) == ")", Self.conversions.contains(at(index + 1)) else {
            return nil
        }
        return index + 2
    }

    /// The end of `{name}`, `{0:.2f}`, `{}` and, with blanks within, `{{ name }}`; at most 64 scalars.
    func bracesEnd(_ start: Int) -> Int? {
        let isDouble = at(start + 1) == "{"
        // The second of two braces begins nothing of its own.
        guard at(start - 1) != "{" else { return nil }
        let mayHoldBlanks = isDouble || Self.bracePrefixes.contains(at(start - 1))
        var index = start + (isDouble ? 2 : 1)
        while index < start + 66, isBraced(at(index)) || (mayHoldBlanks && at(index) == " ") {
            index += 1
        }
        guard at(index) == "}" else { return nil }
        guard isDouble else { return index + 1 }
        return at(index + 1) == "}" ? index + 2 : nil
    }

    private func isBraced(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 128 ? Self.braced.contains(scalar) : scalar.properties.isAlphabetic
    }

    private static let braced = ASCIISet.alphanumerics.union(
        ASCIISet("_.:-$#@!/|,[]()'\"%+*&^<>=?"))

    /// The end of a tag or comment, which holds no other `<` and no line's end.
    func tag(at start: Int) -> Int? {
        var index = start + 1
        if at(index) == "/" { index += 1 }
        let isComment = at(index) == "!" && at(index + 1) == "-" && at(index + 2) == "-"
        guard isComment || Self.nameStart.contains(at(index)) else { return nil }
        while index < scalars.count, scalars[index] != "<", scalars[index] != ">",
            !LineSplitter.endsLine(scalars[index])
        {
            index += 1
        }
        return at(index) == ">" ? index + 1 : nil
    }

    private static let nameStart = ASCIISet.small.union(.capitals).union(ASCIISet("_"))
}
