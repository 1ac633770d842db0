/// Texts as scalars of YAML 1.2.
enum YAMLScalar {
    /// What a plain scalar may consist of without meaning anything else: letters, digits and signs that
    /// start nothing.
    private static let plain = Set("./_+-,".utf8)
    /// Plain scalars that stand for no value at all (YAML 1.2.2 §10.3.2).
    private static let nulls: Set = ["null", "Null", "NULL"]

    /// A scalar that is read as the text: plain where that is safe, else in double quotes.
    static func scalar(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, !nulls.contains(text) else { return false }
        // A sign in front could begin a list, a document or a number.
        return first != UInt8(ascii: "-") && first != UInt8(ascii: ",")
            && text.utf8.allSatisfy(isPlain)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: plain.contains(byte)
        }
    }

    /// In double quotes (YAML 1.2.2 §7.3.1).
    static func quoted(_ text: String) -> String {
        "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    /// A text as a comment on one line, what cannot be printed replaced.
    static func comment(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isPrintable($0) ? $0 : "?" }))
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\": "\\\\"
        case "\"": "\\\""
        case _ where isPrintable(scalar): String(scalar)
        default: "\\U" + padded(String(scalar.value, radix: 16))
        }
    }

    /// Neither a control, a line break of any version nor a mark of byte order (YAML 1.2.2 §5.1).
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " "..."~", "\u{A1}"..."\u{2027}", "\u{202A}"..."\u{D7FF}", "\u{E000}"..."\u{FEFE}",
            "\u{FF00}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}":
            true
        default: false
        }
    }

    private static func padded(_ digits: String) -> String {
        String(repeating: "0", count: 8 - digits.count) + digits
    }
}
