/// Subtitles, SubRip's or the Web's (WebVTT, W3C): the lines behind one with `-->`, up to a blank one, are a text.
///
/// Lines of one text are joined, since a sentence goes over them, and its translation is parted into as many; lines that begin with
/// a dash or a note are said by different people and stay apart. Times within a text (`<00:01.000>`) have no place in its
/// translation and are left out.
struct SubtitleFile {
    let isWebVTT: Bool

    func parts(of text: String) -> [FilePart] {
        var parts: [FilePart] = []
        var cue: [FileLine]?
        for line in FileLine.all(of: text) {
            guard cue != nil, !line.isBlank else {
                parts += texts(of: cue ?? [])
                cue = line.text.contains("-->") ? [] : nil
                parts.append(.kept(line.whole))
                continue
            }
            cue?.append(line)
        }
        return parts + texts(of: cue ?? [])
    }

    /// The texts of a cue, and the ends of its lines.
    private func texts(of lines: [FileLine]) -> [FilePart] {
        guard !lines.isEmpty else { return [] }
        let areApart = lines.contains { Self.beginsSpeech($0.text) }
        let groups = areApart ? lines.map { [$0] } : [lines]
        return groups.flatMap { group in
            part(of: group) + [.kept(String(group[group.count - 1].terminator))]
        }
    }

    private static func beginsSpeech(_ line: Substring) -> Bool {
        guard let first = line.first(where: { !$0.isWhitespace }) else { return false }
        return "-–—‐♪♫".contains(first)
    }

    /// Lines as one text, behind what says how or by whom it is shown.
    private func part(of lines: [FileLine]) -> [FilePart] {
        let joined = lines.map { String($0.text) }.joined(separator: " ")
        // Each line in italics by itself is one text in italics.
        let isTagged = joined.utf8.contains(UInt8(ascii: "<"))
        let merged = isTagged ? joined.replacing(/<\/([ibu])> <\1>/, with: " ") : joined
        let (marks, body) = Self.leadingMarks(merged)
        let text = Self.withoutTimes(body)
        let terminator = String(lines[0].terminator)
        let written = { @Sendable [count = lines.count] (text: String) in
            Self.parted(text, into: count).joined(separator: terminator)
        }
        return [
            .kept(String(marks)),
            .text(FileText(text: text, isMarkup: isMarkup(text), written: written)),
        ]
    }

    /// Takes `{\an8}` and an unclosed `<v Name>` off the front.
    private static func leadingMarks(_ text: String) -> (Substring, Substring) {
        var end = text.startIndex
        while text[end...].hasPrefix("{\\"), let close = text[end...].firstIndex(of: "}") {
            end = text.index(after: close)
        }
        let rest = text[end...]
        if rest.hasPrefix("<v ") || rest.hasPrefix("<v."), !rest.contains("</v>"),
            let close = rest.firstIndex(of: ">")
        {
            end = text.index(after: close)
        }
        return (text[..<end], text[end...])
    }

    /// Without times of WebVTT within a text.
    private static func withoutTimes(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "<")) else { return String(text) }
        return String(text).replacing(/<[0-9:.]+>/, with: "").replacing(/[ ]{2,}/, with: " ")
    }

    private func isMarkup(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "<")) && text.contains(/<\/?[a-zA-Z]/)
            || isWebVTT && text.utf8.contains(UInt8(ascii: "&"))
    }

    /// A text in lines of about the same length; fewer where it has not as many words.
    static func parted(_ text: String, into count: Int) -> [String] {
        guard count > 1 else { return [text] }
        var lines: [String] = []
        var rest = words(of: text)[...]
        var total = rest.reduce(0) { $0 + $1.count + 1 }
        for left in stride(from: count, to: 1, by: -1) where !rest.isEmpty {
            var taken = 0
            var line: [Substring] = []
            while let word = rest.first,
                line.isEmpty || taken + word.count / 2 < total / left
            {
                taken += word.count + 1
                line.append(rest.removeFirst())
            }
            total -= taken
            lines.append(line.joined(separator: " "))
        }
        return lines + (rest.isEmpty ? [] : [rest.joined(separator: " ")])
    }

    /// The words of a text; blanks within a tag part none.
    private static func words(of text: String) -> [Substring] {
        var isInTag = false
        return text.split { character in
            if character == "<" { isInTag = true }
            if character == ">" { isInTag = false }
            return character == " " && !isInTag
        }
    }
}
