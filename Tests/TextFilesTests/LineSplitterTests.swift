import TestSupport
import Testing
import TextFiles

/// The lines of a whole text, as the rule has it, without looking at where its parts end.
private func naiveLines(_ text: [UInt8], limit: Int) -> [Result<String, LineFault>] {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let body = text.starts(with: mark) ? Array(text.dropFirst(3)) : text
    var lines = body.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    if lines.last == [] { lines.removeLast() }
    return lines.map { line in
        let line = line.last == 0x0D ? Array(line.dropLast()) : line
        guard line.count <= limit else { return .failure(.tooLong(limit: limit)) }
        return String(validating: line, as: UTF8.self).map { .success($0) } ?? .failure(.notUTF8)
    }
}

/// What a splitter makes of parts.
private func split(_ parts: [[UInt8]], limit: Int = LineSplitter.defaultLimit) -> [TextLine] {
    var splitter = LineSplitter(limit: limit)
    var lines: [TextLine] = []
    for part in parts {
        splitter.append(part)
        while let line = splitter.next() { lines.append(line) }
    }
    return lines + [splitter.finish()].compactMap(\.self)
}

@Suite("Lines from bytes that come in parts", .timeLimit(.minutes(10)))
struct LineSplitterTests {
    /// Bytes that make lines, endings, marks, whole and broken UTF-8.
    private static let alphabet: [[UInt8]] = [
        [0x0A], [0x0A], [0x0D, 0x0A], [0x0D], [0x61], [0x20], [0xC3, 0xA4],
        [0xF0, 0x9F, 0x90, 0xB6], [0xEF, 0xBB, 0xBF], [0xFF], [0xC3], [0x00],
    ]

    @Test("are those of the whole text, wherever the parts end", arguments: 0..<40 as Range<UInt64>)
    func parts(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            var text: [UInt8] = []
            for _ in 0..<generator.below(40) {
                text += Self.alphabet[generator.below(Self.alphabet.count)]
            }
            var parts: [[UInt8]] = []
            var rest = text[...]
            while !rest.isEmpty {
                let size = generator.below(8)
                parts.append(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            let limit = 1 + generator.below(12)
            let lines = split(parts, limit: limit)
            #expect(lines.map(\.content) == naiveLines(text, limit: limit), "\(text) \(parts)")
            #expect(lines.map(\.number) == Array(1..<lines.count + 1))
        }
    }

    @Test(
        "end with LF or CRLF, the last one with nothing, and begin after a byte order mark",
        arguments: [
            ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]),
            ("a\r\nb\r\n", ["a", "b"]), ("a\r\n\r\nb", ["a", "", "b"]), ("a\rb\n", ["a\rb"]),
            ("\u{FEFF}a\n\u{FEFF}b", ["a", "\u{FEFF}b"]), ("\u{FEFF}", []), ("\u{FEFF}\n", [""]),
        ] as [(String, [String])])
    func endings(text: String, lines: [String]) {
        let found = split([Array(text.utf8)]).map { try? $0.content.get() }
        #expect(found == lines.map(Optional.some))
    }

    @Test("are limited in length, and one that is longer does not harm the next")
    func limit() {
        let long = [UInt8](repeating: 0x61, count: 5)
        let lines = split([long, [0x0D, 0x0A], long, long, long, long, [0x0A, 0x62]], limit: 5)
        #expect(
            lines.map(\.content) == [
                .success("aaaaa"), .failure(.tooLong(limit: 5)), .success("b"),
            ])
    }
}
