import System

/// How words of the source language are usually written within a sentence: truecase.txt.
///
/// UTF-8; a line has a word, or two with a blank between: the second as it is written behind the first. A line that
/// begins with # is a comment. Words are looked up whatever their case.
public struct TruecaseModel: Sendable, Equatable {
    /// The usual form of each word, by its folded form.
    private var words: [String: String] = [:]
    /// The same behind another word, by both folded forms with a blank between.
    private var pairs: [String: String] = [:]

    /// Takes forms.
    ///
    /// - Parameter forms: each with the word before it, or nil; of two for the same words the last counts.
    public init(_ forms: [(previous: String?, word: String)]) {
        for (previous, word) in forms { add(word, after: previous) }
    }

    /// Reads a file.
    ///
    /// - Throws: `malformedTruecaser` with the line that is none, or for a file without words.
    init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        words.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            guard let first = line.first, first != 0x23 else { continue }
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Self.malformed(file, index, "bytes that are no UTF-8")
            }
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.allSatisfy(Self.isWord), let word = parts.last else {
                throw Self.malformed(file, index, "\(parts.count) parts, or a part without letters")
            }
            guard add(String(word), after: parts.count == 2 ? String(parts[0]) : nil) else {
                throw Self.malformed(file, index, "a word that stands in a line above")
            }
        }
        guard count > 0 else { throw Self.malformed(file, 0, "no word in the whole file") }
    }

    private static func malformed(_ file: String, _ index: Int, _ found: String) -> CheckpointError
    {
        CheckpointError(
            .malformedTruecaser, file: file, subject: "line \(index + 1)", found: found,
            expected: "a word, or two with a blank between, as shoal truecase writes them")
    }

    private static func isWord(_ text: Substring) -> Bool {
        var hasLetter = false
        for scalar in text.unicodeScalars {
            // A server reads some ten thousand words as it starts: the properties of ASCII are known without a look.
            if scalar.isASCII {
                guard scalar.value > 0x20 else { return false }
                hasLetter = hasLetter || (0x61...0x7A).contains(scalar.value | 0x20)
            } else {
                guard !scalar.properties.isWhitespace else { return false }
                hasLetter = hasLetter || scalar.properties.isAlphabetic
            }
        }
        return hasLetter
    }

    /// Takes a form in the place of one before.
    ///
    /// - Returns: whether there was none before.
    @discardableResult
    private mutating func add(_ word: String, after previous: String?) -> Bool {
        guard let previous else { return words.updateValue(word, forKey: Self.folded(word)) == nil }
        return pairs.updateValue(word, forKey: Self.key(word, previous)) == nil
    }

    /// The number of words and pairs of words that it knows.
    public var count: Int { words.count + pairs.count }

    /// How a word is usually written.
    ///
    /// - Parameters:
    ///   - word: in any case.
    ///   - previous: the word that one blank parts it from, in any case; nil where there is none.
    /// - Returns: nil for a word that is not known.
    public func form(of word: String, after previous: String?) -> String? {
        if let previous, let form = form(of: word, exactlyAfter: previous) { return form }
        return form(of: word, exactlyAfter: nil)
    }

    private func form(of word: String, exactlyAfter previous: String?) -> String? {
        guard let previous else { return words[Self.folded(word)] }
        return pairs.isEmpty ? nil : pairs[Self.key(word, previous)]
    }

    private static func key(_ word: String, _ previous: String) -> String {
        folded(previous) + " " + folded(word)
    }

    /// Small letters, with and without a dot the same i, so that no language's rules are needed to find a word.
    private static func folded(_ word: String) -> String {
        guard word.unicodeScalars.contains(where: { $0 == "\u{130}" || $0 == "\u{131}" }) else {
            return word.lowercased()
        }
        let scalars = word.unicodeScalars.map { $0 == "\u{130}" || $0 == "\u{131}" ? "i" : $0 }
        return String(String.UnicodeScalarView(scalars)).lowercased()
    }

    /// The file, in the order of the words' bytes; reading it gives an equal value.
    public var text: String {
        let alone: [(String, String)] = words.values.map { ($0, $0) }
        let behind: [(String, String)] = pairs.map { key, word in
            (word, key.split(separator: " ")[0] + " " + word)
        }
        // A blank is below every letter.
        return (alone + behind).map { (order: $0 + " " + $1, line: $1) }
            .sorted { $0.order.utf8.lexicographicallyPrecedes($1.order.utf8) }
            .map { $0.line + "\n" }.joined()
    }
}

extension DirectoryReader {
    /// The truecaser; nil where there is none.
    mutating func truecaser(_ name: String) throws(CheckpointError) -> TruecaseModel? {
        guard holds(name) else { return nil }
        return try TruecaseModel(truecaserBytes(name), file: name)
    }
}

extension Checkpoint {
    /// Writes how words are usually written into a checkpoint's directory, whole or not at all.
    ///
    /// - Throws: as `requireOwnDirectory`; `fileUnwritable`.
    public func writeTruecaser(_ truecaser: TruecaseModel) throws(CheckpointError) {
        try requireOwnDirectory()
        let text = Array(truecaser.text.utf8)
        try CheckpointError.converting { () throws(FileError) in
            try AtomicFile.write(text, to: "\(directory)/\(Self.truecaserFile)")
        }
    }
}
