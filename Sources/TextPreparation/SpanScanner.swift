/// Looks once through a text for what is protected by its form.
///
/// Each rule begins at a scalar that is typical of it, looks back a bounded way, and forward no further than to
/// its own end, so that the time stays in proportion to the length.
struct SpanScanner {
    let scalars: [Unicode.Scalar]
    private var found: [SpanMatch] = []
    // Nothing that begins before these places is looked for again by the same rule.
    private var urlEnd = 0
    private var quantityEnd = 0
    private var emojiEnd = 0

    init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    /// The spans that were found; they may overlap.
    mutating func scan() -> [SpanMatch] {
        for index in scalars.indices {
            switch scalars[index] {
            case ":":
                url(colon: index)
                add(.emojiName, index, emojiName(at: index))
            case "@": email(at: index)
            case "w", "W": web(at: index)
            case ".": domain(dot: index)
            case "%": add(.placeholder, index, percentPlaceholder(at: index))
            case "{": braces(at: index)
            case "<": add(.tag, index, tag(at: index))
            case "0"..."9": quantity(at: index)
            default:
                // Digits of other scripts, emoji and their like are beyond ASCII.
                if scalars[index].value >= 0xA9 { emoji(at: index) }
            }
        }
        code()
        return found
    }

    private mutating func add(_ kind: ProtectedSpan.Kind, _ start: Int, _ end: Int?) {
        guard let end, end > start else { return }
        found.append(SpanMatch(kind: kind, range: start..<end))
    }

    /// The scalar at a place; a line feed outside the text.
    func at(_ index: Int) -> Unicode.Scalar {
        index >= 0 && index < scalars.count ? scalars[index] : "\n"
    }

    func isWord(_ index: Int) -> Bool { Self.isWord(at(index)) }

    /// Whether a scalar is a letter, a digit or an underscore.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 128 { return words.contains(scalar) }
        return scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
    }

    private static let words = ASCIISet.alphanumerics.union(ASCIISet("_"))

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.value &- 0x30 < 10 }

    // MARK: Addresses

    /// `scheme://…` around the colon (RFC 3986, section 3).
    private mutating func url(colon: Int) {
        guard at(colon + 1) == "/", at(colon + 2) == "/", colon >= urlEnd else { return }
        var start = colon
        while start > max(urlEnd, colon - 16), Self.scheme.contains(scalars[start - 1]) {
            start -= 1
        }
        while start < colon, !scalars[start].properties.isAlphabetic { start += 1 }
        guard colon - start >= 2 else { return }
        let end = addressEnd(from: colon + 3)
        guard end > colon + 3 else { return }
        urlEnd = end
        add(.url, start, end)
    }

    private static let scheme = ASCIISet.alphanumerics.union(ASCIISet("+-."))

    private mutating func web(at index: Int) {
        guard index >= urlEnd, !isWord(index - 1), at(index + 3) == ".", isWord(index + 4),
            (1...2).allSatisfy({ at(index + $0) == "w" || at(index + $0) == "W" })
        else { return }
        let end = addressEnd(from: index + 4)
        urlEnd = end
        add(.url, index, end)
    }

    /// Top-level domains after which a name with dots counts as an address without a scheme.
    ///
    /// Those that are also words ("gut.es war", "usw.in") are left out.
    private static let topLevel: Set<String> = [
        "com", "org", "net", "edu", "gov", "info", "io", "eu", "uk", "dev", "app", "de", "ch", "nl",
        "pl", "cz", "ru", "ua", "jp", "cn", "fr", "dk",
    ]

    /// `example.org`, `a.example.co.uk/path`: labels of small letters, the last a known domain.
    private mutating func domain(dot: Int) {
        guard dot >= urlEnd else { return }
        var start = dot
        while start > max(urlEnd, dot - 64), Self.label.contains(scalars[start - 1]) { start -= 1 }
        guard dot - start >= 2, !isWord(start - 1), at(start - 1) != "@", at(start - 1) != "."
        else { return }
        var end = dot
        var last = dot..<dot
        while at(end) == ".", Self.label.contains(at(end + 1)) {
            let label = end + 1
            end = label
            while end - dot < 64, Self.label.contains(at(end)) { end += 1 }
            last = label..<end
        }
        guard !isWord(end), at(end) != "@", Self.topLevel.contains(String(scalars[last])) else {
            return
        }
        if at(end) == "/" || at(end) == ":" && Self.isDigit(at(end + 1)) {
            end = max(end, addressEnd(from: end))
        }
        urlEnd = end
        add(.url, start, end)
    }

    private static let label = ASCIISet.small.union(.digits).union(ASCIISet("-"))

    /// The end of an address: before a blank or a mark that no address holds, without the marks of the sentence
    /// and without a closing bracket that was not opened in it.
    private func addressEnd(from start: Int) -> Int {
        var end = start
        var opened = 0
        while end < scalars.count, Self.isAddress(scalars[end]) {
            if scalars[end] == "(" { opened += 1 }
            if scalars[end] == ")" {
                opened -= 1
                if opened < 0 { break }
            }
            end += 1
        }
        while end > start, Self.trailing.contains(scalars[end - 1]) { end -= 1 }
        return end
    }

    private static let trailing = ASCIISet(".,;:!?'*_~&")
    private static let foreign = ASCIISet("<>\"{}|\\^`[]")

    private static func isAddress(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 128 { return scalar.value > 0x20 && !foreign.contains(scalar) }
        // Letters of scripts that part words by blanks; others follow an address without one.
        return scalar.value < 0x2E80 && scalar.properties.isAlphabetic
            && !(0xE00...0xEFF).contains(scalar.value)
    }

    /// An address around the `@` (RFC 5322, section 3.4.1, without quoted local parts).
    private mutating func email(at sign: Int) {
        var start = sign
        while start > max(0, sign - 64), Self.local.contains(scalars[start - 1]) { start -= 1 }
        while start < sign, scalars[start] == "." { start += 1 }
        guard start < sign, !isWord(start - 1), at(sign - 1) != "." else { return }
        var end = sign + 1
        var dots = 0
        while end - sign < 256, Self.host.contains(at(end)) {
            if at(end) == "." {
                guard ASCIISet.alphanumerics.contains(at(end + 1)) else { break }
                dots += 1
            }
            end += 1
        }
        if dots > 0 { add(.email, start, end) }
    }

    private static let local = ASCIISet.alphanumerics.union(ASCIISet("._%+-"))
    private static let host = ASCIISet.alphanumerics.union(ASCIISet("-."))

    // MARK: Code

    /// Code between runs of backticks of one length (CommonMark, section 6.1), within a line.
    private mutating func code() {
        var open: [Int: Int] = [:]
        var index = 0
        while index < scalars.count {
            if LineSplitter.endsLine(scalars[index]) { open.removeAll(keepingCapacity: true) }
            guard scalars[index] == "`" else {
                index += 1
                continue
            }
            let start = index
            while index < scalars.count, scalars[index] == "`" { index += 1 }
            if let opened = open[index - start] {
                add(.code, opened, index)
                open.removeAll(keepingCapacity: true)
            } else {
                open[index - start] = start
            }
        }
    }

    // MARK: Quantities

    private mutating func quantity(at index: Int) {
        if let end = keycapEnd(index) { add(.emoji, index, end) }
        guard index >= quantityEnd, !isWord(index - 1) else { return }
        let number = Quantities.numberEnd(scalars, index)
        quantityEnd = number
        guard let end = Quantities.unitEnd(scalars, number) else {
            let start = Quantities.currencyStart(scalars, index)
            if start < index, !isWord(number) { add(.quantity, start, number) }
            return
        }
        quantityEnd = end
        add(.quantity, Quantities.signStart(scalars, index), end)
    }

    // MARK: Emoji

    private mutating func emoji(at index: Int) {
        guard index >= emojiEnd, let end = EmojiSequence.end(scalars, index) else { return }
        emojiEnd = end
        add(.emoji, index, end)
    }

    private func keycapEnd(_ index: Int) -> Int? {
        let mark = at(index + 1).value == 0xFE0F ? index + 2 : index + 1
        return at(mark).value == 0x20E3 ? mark + 1 : nil
    }

    /// `:name:`; the name has a letter, or is one of `+1`, `-1` and `100`.
    private func emojiName(at index: Int) -> Int? {
        guard !isWord(index - 1) else { return nil }
        var end = index + 1
        var letters = 0
        while end - index <= 33, Self.emojiNames.contains(at(end)) {
            if ASCIISet.small.contains(at(end)) { letters += 1 }
            end += 1
        }
        guard at(end) == ":", !isWord(end + 1), end > index + 1 else { return nil }
        let name = String(scalars[(index + 1)..<end])
        return letters > 0 || ["+1", "-1", "100"].contains(name) ? end + 1 : nil
    }

    private static let emojiNames = ASCIISet.small.union(.digits).union(ASCIISet("_+-"))

    // MARK: Braces

    private mutating func braces(at index: Int) {
        add(.placeholder, bracesStart(index), bracesEnd(index))
    }

    static let bracePrefixes = ASCIISet("$#%")

    private func bracesStart(_ index: Int) -> Int {
        Self.bracePrefixes.contains(at(index - 1)) ? index - 1 : index
    }
}
