/// Kinds of files that are translated as a whole, by the endings of their names.
enum FileFormat: String, CaseIterable, Sendable {
    /// Plain text, a paragraph or sentence a line.
    case txt
    /// A page.
    case html
    /// Subtitles of SubRip.
    case srt
    /// Subtitles of the Web (WebVTT).
    case vtt
    /// Messages of gettext.
    case po

    /// The kind of a file by its name; nil where it is none of these.
    init?(fileName: String) {
        guard let dot = fileName.lastIndex(of: ".") else { return nil }
        let ending = fileName[fileName.index(after: dot)...].lowercased()
        guard let format = FileFormat(rawValue: ending == "htm" ? "html" : ending) else {
            return nil
        }
        self = format
    }

    /// What there is, for messages.
    static var list: String { allCases.map { "." + $0.rawValue }.joined(separator: ", ") }

    /// Takes a file apart.
    ///
    /// - Parameter text: the whole file, without a byte order mark.
    /// - Returns: parts that join to the file, with its texts.
    /// - Throws: a file that does not follow its format, by the line that is at fault.
    func parts(of text: String) throws(Problem) -> [FilePart] {
        switch self {
        case .txt: PlainTextFile.parts(of: text)
        case .html: [.text(FileText(text: text, isMarkup: true))]
        case .srt: SubtitleFile(isWebVTT: false).parts(of: text)
        case .vtt: SubtitleFile(isWebVTT: true).parts(of: text)
        case .po: try MessageFile.parts(of: text)
        }
    }
}

/// A part of a file: what is kept as it is, or a text that is translated.
enum FilePart: Sendable {
    case kept(String)
    case text(FileText)
}

/// A text of a file.
struct FileText: Sendable {
    /// As it is translated.
    var text: String
    /// Whether it has tags and entities of HTML.
    var isMarkup = false
    /// How its translation is written into the file.
    var written: @Sendable (String) -> String = { $0 }
}

/// A line of a file, and what ends it.
struct FileLine {
    let text: Substring
    /// Empty at the end of the file.
    let terminator: Substring

    /// All lines of a text; they join to the whole.
    static func all(of text: String) -> [FileLine] {
        var lines: [FileLine] = []
        var rest = text[...]
        while !rest.isEmpty {
            // A character: CRLF is one.
            let end = rest.firstIndex { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
            let next = end.map { rest.index(after: $0) } ?? rest.endIndex
            lines.append(
                FileLine(
                    text: rest[..<(end ?? rest.endIndex)],
                    terminator: rest[(end ?? rest.endIndex)..<next]))
            rest = rest[next...]
        }
        return lines
    }

    /// The line with what ends it.
    var whole: String { String(text) + terminator }

    var isBlank: Bool { text.allSatisfy(\.isWhitespace) }
}

/// Plain text: each line is a text.
enum PlainTextFile {
    static func parts(of text: String) -> [FilePart] {
        FileLine.all(of: text).flatMap { line -> [FilePart] in
            guard !line.isBlank else { return [.kept(line.whole)] }
            return [
                .text(FileText(text: String(line.text))), .kept(String(line.terminator)),
            ]
        }
    }
}
