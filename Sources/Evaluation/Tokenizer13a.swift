/// The tokenisation "13a" of sacreBLEU, which is that of NIST's mteval-v13a.pl, on code points.
///
/// Its four substitutions are written out by hand, each one pass over the line from left to right
/// in which a match is consumed before the next one is looked for, as a regular expression's are.
public enum Tokenizer13a {
    /// Splits a line into tokens; O(code points).
    ///
    /// - Parameter line: a sentence; trailing white space is dropped first, as sacreBLEU does.
    /// - Returns: the tokens, none of them empty.
    public static func tokens(of line: String) -> [String] {
        scalarTokens(of: line).map { String(String.UnicodeScalarView($0)) }
    }

    /// The tokens as code points, which compare exactly where `String` compares by equivalence.
    static func scalarTokens(of line: String) -> [ArraySlice<Unicode.Scalar>] {
        var text = unescaped(WhiteSpace.trimmingEnd(Array(line.unicodeScalars)))
        text.insert(" ", at: 0)
        text.append(" ")
        text = separatingSymbols(text)
        // A period or comma is separated unless a digit stands before it …
        text = substituting(
            text, where: { !isDigit($0) && isPoint($1) }, by: { [$0, " ", $1, " "] })
        // … and unless a digit stands behind it.
        text = substituting(
            text, where: { isPoint($0) && !isDigit($1) }, by: { [" ", $0, " ", $1] })
        // A dash is separated from a digit before it.
        text = substituting(
            text, where: { isDigit($0) && $1 == "-" }, by: { [$0, " ", $1, " "] })
        return text.split(whereSeparator: WhiteSpace.contains)
    }

    /// Joins hyphenated line ends and undoes the four entities, in sacreBLEU's order.
    private static func unescaped(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
        let replacements: [(String, [Unicode.Scalar])] = [
            ("<skipped>", []), ("-\n", []), ("\n", [" "]),
            ("&quot;", ["\""]), ("&amp;", ["&"]), ("&lt;", ["<"]), ("&gt;", [">"]),
        ]
        return replacements.reduce(line) { line, replacement in
            replacing(Array(replacement.0.unicodeScalars), in: line, by: replacement.1)
        }
    }

    private static func replacing(
        _ pattern: [Unicode.Scalar], in text: [Unicode.Scalar], by replacement: [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        guard let first = pattern.first, text.contains(first) else { return text }
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == first, text[index...].starts(with: pattern) {
                result += replacement
                index += pattern.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// Puts spaces around every ASCII symbol but apostrophe, comma, dash and period.
    private static func separatingSymbols(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(2 * text.count)
        for scalar in text {
            if isSymbol(scalar) {
                result += [" ", scalar, " "]
            } else {
                result.append(scalar)
            }
        }
        return result
    }

    /// Rewrites each pair of neighbours that matches; both are consumed.
    private static func substituting(
        _ text: [Unicode.Scalar],
        where matches: (Unicode.Scalar, Unicode.Scalar) -> Bool,
        by rewritten: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count + text.count / 4)
        var index = 0
        while index < text.count {
            if index + 1 < text.count, matches(text[index], text[index + 1]) {
                result += rewritten(text[index], text[index + 1])
                index += 2
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("0"..."9").contains(scalar)
    }

    private static func isPoint(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == ","
    }

    private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " "..."&", "("..."+", "/", ":"..."@", "["..."`", "{"..."~": true
        default: false
        }
    }
}

/// What Python's `str.split` and `str.rstrip` take for white space, on which sacreBLEU stands.
///
/// That is Unicode's White_Space property and the four information separators U+001C … U+001F.
enum WhiteSpace {
    static func contains(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || ("\u{1C}"..."\u{1F}").contains(scalar)
    }

    static func trimmingEnd(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        guard let last = text.lastIndex(where: { !contains($0) }) else { return [] }
        return Array(text[...last])
    }
}
