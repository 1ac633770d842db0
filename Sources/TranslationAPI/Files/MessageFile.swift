/// Messages of gettext (GNU gettext manual, "The Format of PO Files").
///
/// Messages without a translation get one: the singular that of `msgid`, other forms that of `msgid_plural`. All else stays as it
/// is: the header, translations that there are, comments, obsolete messages.
enum MessageFile {
    /// A message while its lines are read.
    private struct Message {
        var identifier = ""
        var plural: String?
        /// The keyword that strings belong to.
        var keyword = Substring()
        var parts: [FilePart] = []
        /// Strings of a translation that is being read.
        var translation: (text: String, lines: [FileLine]) = ("", [])
    }

    static func parts(of text: String) throws(Problem) -> [FilePart] {
        var message = Message()
        var parts: [FilePart] = []
        for (index, line) in FileLine.all(of: text).enumerated() {
            let trimmed = line.text.drop { $0 == " " || $0 == "\t" }
            if trimmed.isEmpty || trimmed.hasPrefix("#") {
                parts += end(&message)
                parts.append(.kept(line.whole))
                continue
            }
            try take(trimmed, line, number: index + 1, &message, &parts)
        }
        return parts + end(&message)
    }

    /// Takes a line that is a string, with or without a keyword before it.
    private static func take(
        _ trimmed: Substring, _ line: FileLine, number: Int, _ message: inout Message,
        _ parts: inout [FilePart]
    ) throws(Problem) {
        let keyword = trimmed.prefix { $0 != "\"" && $0 != " " && $0 != "\t" }
        let value = try string(trimmed[keyword.endIndex...], number)
        if !keyword.isEmpty {
            let isNew = keyword == "msgctxt" || keyword == "msgid" && message.keyword != "msgctxt"
            parts += isNew ? end(&message) : endTranslation(&message)
            message.keyword = keyword
        }
        switch message.keyword {
        case "msgctxt": parts.append(.kept(line.whole))
        case "msgid":
            message.identifier += value
            parts.append(.kept(line.whole))
        case "msgid_plural":
            message.plural = (message.plural ?? "") + value
            parts.append(.kept(line.whole))
        case let name where name == "msgstr" || name.hasPrefix("msgstr[") && name.hasSuffix("]"):
            message.translation.text += value
            message.translation.lines.append(line)
        default: throw malformed(number)
        }
    }

    /// Ends the message that is being read.
    private static func end(_ message: inout Message) -> [FilePart] {
        let parts = endTranslation(&message)
        message = Message()
        return parts
    }

    /// The lines of a translation that has been read, or a text in its place where it is empty.
    private static func endTranslation(_ message: inout Message) -> [FilePart] {
        let translation = message.translation
        guard let last = translation.lines.last else { return [] }
        message.translation = ("", [])
        let isSingular = message.keyword == "msgstr" || message.keyword == "msgstr[0]"
        let source = isSingular ? message.identifier : message.plural ?? message.identifier
        guard translation.text.isEmpty, !source.isEmpty else {
            return [.kept(translation.lines.map(\.whole).joined())]
        }
        let terminator = String(last.terminator)
        return [
            .kept(message.keyword + " "),
            .text(
                FileText(text: source) {
                    quoted($0, lineEnd: terminator.isEmpty ? "\n" : terminator)
                }),
            .kept(terminator),
        ]
    }

    /// The text of a string in quotes.
    private static func string(_ text: Substring, _ number: Int) throws(Problem) -> String {
        var rest = text.drop { $0 == " " || $0 == "\t" }
        guard rest.popFirst() == "\"" else { throw malformed(number) }
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"":
                guard rest.allSatisfy(\.isWhitespace) else { throw malformed(number) }
                return value
            case "\\":
                guard let escaped = rest.popFirst() else { throw malformed(number) }
                value += escapes[escaped] ?? "\\\(escaped)"
            default: value.append(character)
            }
        }
        throw malformed(number)
    }

    private static let escapes: [Character: String] = [
        "n": "\n", "t": "\t", "r": "\r", "\"": "\"", "\\": "\\",
    ]

    /// A text in quotes: in several strings where it has several lines, as gettext writes it.
    private static func quoted(_ text: String, lineEnd: String) -> String {
        var lines: [String] = [""]
        for character in text.unicodeScalars {
            switch character {
            case "\n":
                lines[lines.count - 1] += "\\n"
                lines.append("")
            case "\t": lines[lines.count - 1] += "\\t"
            case "\r": lines[lines.count - 1] += "\\r"
            case "\"": lines[lines.count - 1] += "\\\""
            case "\\": lines[lines.count - 1] += "\\\\"
            default: lines[lines.count - 1].unicodeScalars.append(character)
            }
        }
        if lines.count > 1, lines[lines.count - 1].isEmpty { lines.removeLast() }
        let strings = lines.map { "\"\($0)\"" }
        return strings.count == 1 ? strings[0] : (["\"\""] + strings).joined(separator: lineEnd)
    }

    private static func malformed(_ line: Int) -> Problem {
        Problem(
            .malformedRequest,
            "line \(line) of the file must be a comment, or msgctxt, msgid, msgid_plural or msgstr and a string in quotes"
        )
    }
}
