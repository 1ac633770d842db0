import JSON

/// Reads `vocab.yml`, a piece and its id a line.
///
/// Pieces hold line separators and other characters that YAML folds or refuses, so lines are taken as Marian and the scripts around it
/// write them: plain, in single or double quotes, or with the piece and its id on lines of their own behind `? ` and `: `.
enum MarianVocabularyList {
    static func members(_ text: String, file: String) throws(CheckpointError) -> [JSONObject.Member]
    {
        var members: [JSONObject.Member] = []
        var waiting: ArraySlice<UInt8>?
        for (index, line) in Array(text.utf8).split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = line.last == 13 ? line.dropLast() : line
            if line.isEmpty { continue }
            if line.starts(with: Array("? ".utf8)) {
                waiting = line.dropFirst(2)
                continue
            }
            let colon = line.lastIndex(of: UInt8(ascii: ":"))
            guard let colon,
                let id = Int64(
                    String(decoding: line[(colon + 1)...], as: UTF8.self).filter { $0 != " " }),
                (0..<4_194_304).contains(id),
                let piece = unquoted(waiting ?? line[..<colon])
            else {
                throw CheckpointError(
                    .malformedVocabulary, file: file,
                    found: "line \(index + 1), which has no piece with its id",
                    expected: "lines of a piece, a colon and an id")
            }
            waiting = nil
            members.append(.init(piece, .integer(id)))
        }
        return members
    }

    private static func unquoted(_ key: ArraySlice<UInt8>) -> String? {
        let quote = key.first
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), key.count >= 2,
            key.last == quote
        else { return String(validating: key, as: UTF8.self) }
        let inner = key.dropFirst().dropLast()
        return quote == UInt8(ascii: "'")
            ? String(validating: inner, as: UTF8.self)?.replacing("''", with: "'")
            : unescaped(inner)
    }

    /// Takes the escapes of YAML's double quotes (YAML 1.2.2, 5.7) out.
    private static func unescaped(_ inner: ArraySlice<UInt8>) -> String? {
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13,
            UInt8(ascii: "0"): 0, UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8,
            UInt8(ascii: "v"): 11, UInt8(ascii: "f"): 12, UInt8(ascii: "e"): 27,
        ]
        let lengths: [UInt8: Int] = [
            UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8,
        ]
        var bytes: [UInt8] = []
        var rest = inner
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            if let length = lengths[escaped] {
                let digits = String(decoding: rest.prefix(length), as: UTF8.self)
                guard digits.utf8.count == length, let value = UInt32(digits, radix: 16),
                    let scalar = Unicode.Scalar(value)
                else { return nil }
                bytes += Array(String(Character(scalar)).utf8)
                rest = rest.dropFirst(length)
            } else {
                bytes.append(simple[escaped] ?? escaped)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
