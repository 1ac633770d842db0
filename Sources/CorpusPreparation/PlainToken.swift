/// A part of a line between blanks, without the punctuation around it.
struct PlainToken {
    /// What is between the punctuation; a part of the line.
    let core: Substring

    /// The tokens of a line that have a core.
    static func tokens(of text: String) -> [PlainToken] {
        text.words.map(PlainToken.init).filter { !$0.core.isEmpty }
    }

    /// Takes punctuation off both ends.
    init(_ word: Substring) {
        var core = word
        while let first = core.unicodeScalars.first, Self.surrounds(first) {
            core = core.unicodeScalars.dropFirst().asSubstring
        }
        while let last = core.unicodeScalars.last, Self.surrounds(last) {
            core = core.unicodeScalars.dropLast().asSubstring
        }
        self.core = core
    }

    /// Whether the token is a placeholder of a program, an address, or the like: never translated, never in another case.
    var isVerbatim: Bool { Self.isAddress(core) || isPlaceholder }

    /// Whether a word is a URL or a mail address.
    static func isAddress(_ word: Substring) -> Bool {
        let bytes = word.utf8
        return bytes.contains(UInt8(ascii: "/")) && word.contains("://")
            || bytes.contains(UInt8(ascii: "@")) && bytes.contains(UInt8(ascii: "."))
                && bytes.first != UInt8(ascii: "@")
            || word.hasPrefix("www.")
    }

    /// `{0}`, `{name}`, `{{name}}`, `${name}`, `%s`, `%1$d`, `%(name)s`, `<name>`.
    private var isPlaceholder: Bool {
        let bytes = core.utf8
        guard bytes.count >= 2, let first = bytes.first, let last = bytes.last else { return false }
        switch first {
        case UInt8(ascii: "{"): return last == UInt8(ascii: "}")
        case UInt8(ascii: "$"): return core.hasPrefix("${") && last == UInt8(ascii: "}")
        case UInt8(ascii: "<"): return last == UInt8(ascii: ">")
        case UInt8(ascii: "%"):
            return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(last)
                || last == UInt8(ascii: "@")
        default: return false
        }
    }

    private static func surrounds(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "'", "“", "”", "„", "‘", "’", "‚", "«", "»", "‹", "›", "(", ")", "[", "]", "…",
            ",", ";",
            ":", "!", "?", ".", "¿", "¡", "。", "、", "！", "？", "，", "–", "—":
            return true
        default: return false
        }
    }
}

extension Substring.UnicodeScalarView {
    fileprivate var asSubstring: Substring { Substring(self) }
}
