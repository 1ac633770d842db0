/// A piece of a text with tags.
struct MarkupToken {
    /// What it is.
    enum Kind {
        case text
        case start
        case end
        /// A CDATA section.
        case characterData
        /// A comment, a doctype, a processing instruction, or a tag that the text ends within.
        case hidden
    }

    let kind: Kind
    /// Its bytes.
    let range: Range<Int>
    /// The name of a tag; in small letters in HTML.
    var name = ""
    /// Whether a start tag ends with `/>`.
    var isSelfClosing = false
    /// What the attribute `translate` says.
    var translate: Bool?
    /// Whether the class `notranslate` is one of the tag's.
    var hasNoTranslateClass = false
}

/// Parts a text with tags, after the tokenization of the HTML Living Standard, section 13.2.5.
///
/// Tokens join to the text. Every byte is read a bounded number of times.
struct MarkupTokenizer {
    let bytes: [UInt8]
    let isXML: Bool
    private var place = 0
    /// From where on there is no `]]>`.
    private var characterDataLimit = Int.max
    /// From where on no subset of a doctype is closed.
    private var subsetLimit = Int.max

    init(_ bytes: [UInt8], isXML: Bool) {
        self.bytes = bytes
        self.isXML = isXML
    }

    /// The next token; nil at the end.
    mutating func next() -> MarkupToken? {
        guard place < bytes.count else { return nil }
        let start = place
        if let token = markup(at: start) {
            place = token.range.upperBound
            return token
        }
        place = start + 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "<") || !begins(at: place) {
            place += 1
        }
        return MarkupToken(kind: .text, range: start..<place)
    }

    func at(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    /// Whether markup begins at a `<`.
    private func begins(at start: Int) -> Bool {
        let next = at(start + 1)
        if next == UInt8(ascii: "!") || next == UInt8(ascii: "?") { return true }
        // `</` begins a comment at least, if anything follows.
        if next == UInt8(ascii: "/") { return start + 2 < bytes.count }
        return isNameStart(next)
    }

    private func isNameStart(_ byte: UInt8) -> Bool {
        if (byte | 0x20) &- 0x61 < 26 { return true }
        return isXML && (byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":"))
    }

    private mutating func markup(at start: Int) -> MarkupToken? {
        guard bytes[start] == UInt8(ascii: "<"), begins(at: start) else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "!"): return declaration(at: start)
        case UInt8(ascii: "?"):
            // In HTML it is a comment that ends with the first `>`.
            let end = isXML ? end(of: "?>", from: start + 2) : end(of: ">", from: start + 2)
            return MarkupToken(kind: .hidden, range: start..<end)
        case UInt8(ascii: "/"):
            guard isNameStart(at(start + 2)) else {
                return MarkupToken(kind: .hidden, range: start..<end(of: ">", from: start + 2))
            }
            return tag(.end, at: start, nameStart: start + 2)
        default: return tag(.start, at: start, nameStart: start + 1)
        }
    }

    // MARK: Comments and their like

    private mutating func declaration(at start: Int) -> MarkupToken {
        if matches("--", at: start + 2) {
            return MarkupToken(kind: .hidden, range: start..<commentEnd(start + 4))
        }
        if matches("[CDATA[", at: start + 2), start < characterDataLimit {
            if let end = find("]]>", from: start + 9) {
                return MarkupToken(kind: .characterData, range: start..<end)
            }
            characterDataLimit = start
        }
        let end = isXML ? doctypeEnd(start + 2) : end(of: ">", from: start + 2)
        return MarkupToken(kind: .hidden, range: start..<end)
    }

    /// Comments end with `-->` or `--!>`, and `<!-->` and `<!--->` are whole ones.
    private func commentEnd(_ start: Int) -> Int {
        if at(start) == UInt8(ascii: ">") { return start + 1 }
        if matches("->", at: start) { return start + 2 }
        var index = start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "-"), at(index + 1) == UInt8(ascii: "-") {
                if at(index + 2) == UInt8(ascii: ">") { return index + 3 }
                if !isXML, matches("!>", at: index + 2) { return index + 4 }
            }
            index += 1
        }
        return bytes.count
    }

    /// The end of a declaration of XML, behind its internal subset.
    private mutating func doctypeEnd(_ start: Int) -> Int {
        var index = start
        var isInside = false
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "["): isInside = start < subsetLimit
            case UInt8(ascii: "]"): isInside = false
            case UInt8(ascii: ">") where !isInside: return index + 1
            default: break
            }
            index += 1
        }
        guard isInside else { return bytes.count }
        // A bracket that nothing closes is none.
        subsetLimit = start
        return end(of: ">", from: start)
    }

    private func matches(_ text: StaticString, at start: Int) -> Bool {
        text.withUTF8Buffer { text in
            guard start + text.count <= bytes.count else { return false }
            for index in text.indices where bytes[start + index] != text[index] { return false }
            return true
        }
    }

    private func find(_ text: StaticString, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if matches(text, at: index) { return index + text.utf8CodeUnitCount }
            index += 1
        }
        return nil
    }

    /// The end of what ends with a text, or the end of all.
    private func end(of text: StaticString, from start: Int) -> Int {
        find(text, from: start) ?? bytes.count
    }

    // MARK: Text without tags

    /// The text up to the end tag of an element whose content has no tags, such as `script`.
    mutating func rawText(of name: String) -> Range<Int> {
        let start = place
        let name = Array(name.utf8)
        let isScript = name == Array("script".utf8)
        var escape = ScriptEscape.none
        while place < bytes.count {
            if isScript { escape.read(bytes, place) }
            if bytes[place] == UInt8(ascii: "<"), at(place + 1) == UInt8(ascii: "/"),
                isName(name, at: place + 2)
            {
                if escape != .double { break }
                escape = .single
            }
            place += 1
        }
        return start..<place
    }

    /// All that is left.
    mutating func rest() -> Range<Int> {
        defer { place = bytes.count }
        return place..<bytes.count
    }

    private func isName(_ name: [UInt8], at start: Int) -> Bool {
        guard start + name.count <= bytes.count else { return false }
        for index in name.indices where bytes[start + index] | 0x20 != name[index] { return false }
        return Self.endsName(at(start + name.count)) || start + name.count == bytes.count
    }

    /// Within `<!--` a script may hold another one's tags.
    private enum ScriptEscape {
        case none
        case single
        case double

        mutating func read(_ bytes: [UInt8], _ place: Int) {
            func begins(_ text: StaticString) -> Bool {
                text.withUTF8Buffer { text in
                    place + text.count < bytes.count
                        && text.indices.allSatisfy { index in
                            let byte = bytes[place + index]
                            return byte == text[index]
                                || (0x41...0x5A ~= byte && byte | 0x20 == text[index])
                        }
                }
            }
            switch bytes[place] {
            case UInt8(ascii: "<"):
                if self == .none, begins("<!--") { self = .single }
                if self == .single, begins("<script"), MarkupTokenizer.endsName(bytes[place + 7]) {
                    self = .double
                }
            case UInt8(ascii: "-"): if self != .none, begins("-->") { self = .none }
            default: break
            }
        }
    }

    fileprivate static func endsName(_ byte: UInt8) -> Bool {
        isBlank(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">")
    }

    /// ASCII white space of HTML.
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D || byte == 0x0C
    }

    // MARK: Tags

    private func tag(_ kind: MarkupToken.Kind, at start: Int, nameStart: Int) -> MarkupToken {
        var index = nameStart
        while index < bytes.count, !Self.endsName(bytes[index]) { index += 1 }
        var token = MarkupToken(kind: kind, range: start..<index, name: name(nameStart..<index))
        var isSlash = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ">") {
                token.isSelfClosing = isSlash && kind == .start
                return token.ending(at: index + 1)
            }
            isSlash = byte == UInt8(ascii: "/")
            if isSlash || Self.isBlank(byte) {
                index += 1
            } else {
                index = attribute(at: index, &token)
            }
        }
        // Browsers drop a tag that the text ends within.
        return MarkupToken(kind: .hidden, range: start..<bytes.count)
    }

    private func name(_ range: Range<Int>) -> String {
        let bytes = bytes[range]
        guard !isXML, bytes.contains(where: { 0x41...0x5A ~= $0 }) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(
            decoding: bytes.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// Reads an attribute.
    ///
    /// - Returns: its end.
    private func attribute(at start: Int, _ token: inout MarkupToken) -> Int {
        var index = start + 1
        while index < bytes.count, !Self.endsName(bytes[index]), bytes[index] != UInt8(ascii: "=") {
            index += 1
        }
        let name = start..<index
        while index < bytes.count, Self.isBlank(bytes[index]) { index += 1 }
        guard at(index) == UInt8(ascii: "=") else {
            note(name, name.upperBound..<name.upperBound, &token)
            return index
        }
        index += 1
        while index < bytes.count, Self.isBlank(bytes[index]) { index += 1 }
        let quote = at(index)
        let value: Range<Int>
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let first = index + 1
            index = first
            while index < bytes.count, bytes[index] != quote { index += 1 }
            value = first..<index
            index = min(bytes.count, index + 1)
        } else {
            let first = index
            while index < bytes.count, bytes[index] != UInt8(ascii: ">"),
                !Self.isBlank(bytes[index])
            {
                index += 1
            }
            value = first..<index
        }
        note(name, value, &token)
        return index
    }

    /// Keeps what an attribute says about translation.
    private func note(_ name: Range<Int>, _ value: Range<Int>, _ token: inout MarkupToken) {
        switch name.count {
        case 5 where isName(Array("class".utf8), name): noteClasses(value, &token)
        case 9 where isName(Array("translate".utf8), name),
            13 where isName(Array("its:translate".utf8), name):
            guard token.translate == nil else { return }
            let text = String(decoding: bytes[value], as: UTF8.self).lowercased()
            if text == "no" { token.translate = false }
            if text == "yes" || text.isEmpty { token.translate = true }
        default: break
        }
    }

    private func isName(_ name: [UInt8], _ range: Range<Int>) -> Bool {
        bytes[range].elementsEqual(name) { $0 == $1 || !isXML && $0 | 0x20 == $1 }
    }

    private func noteClasses(_ value: Range<Int>, _ token: inout MarkupToken) {
        guard value.count >= 11 else { return }
        let classes = bytes[value].split(whereSeparator: Self.isBlank)
        if classes.contains(where: { $0.elementsEqual("notranslate".utf8) }) {
            token.hasNoTranslateClass = true
        }
    }
}

extension MarkupToken {
    /// The token with another end.
    fileprivate func ending(at end: Int) -> Self {
        var token = MarkupToken(kind: kind, range: range.lowerBound..<end, name: name)
        token.isSelfClosing = isSelfClosing
        token.translate = translate
        token.hasNoTranslateClass = hasNoTranslateClass
        return token
    }
}
