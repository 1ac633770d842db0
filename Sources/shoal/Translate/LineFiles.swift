import TextFiles

/// The lines of files, one file after the other.
struct LineFiles {
    /// A file, as it was named.
    private typealias File = (path: String, reader: LineReader)

    private var files: ArraySlice<File>

    /// Opens all files, so that one that is not there is known before any line is read.
    ///
    /// - Throws: `TextFileError`.
    init(_ paths: [String]) throws {
        files = try paths.map { ($0, try LineReader($0)) }[...]
    }

    /// The next line with its file, as it was named and as messages name it; nil at the end.
    ///
    /// - Throws: `TextFileError` where a file cannot be read on.
    mutating func next() throws -> (path: String, name: String, line: TextLine)? {
        while let (path, reader) = files.first {
            if let line = try reader.nextLine() { return (path, reader.name, line) }
            files.removeFirst()
        }
        return nil
    }

    /// The text of the next line; nil at the end.
    ///
    /// - Throws: as `next`, and the fault of a line with its file and number.
    mutating func nextText() throws -> String? {
        guard let (_, name, line) = try next() else { return nil }
        return try line.text(in: name)
    }
}
