import Configuration
import TextFiles

/// Where a text comes from, and what keeps it from being one.
struct TextPlace: Sendable {
    /// Which of all texts, from 0.
    let index: Int
    /// FILE:LINE, or which argument.
    let name: String
    /// Why there is no text.
    let fault: LineFault?
}

/// The texts of a command: its arguments, or the lines of files or of standard input, one after the other.
struct TextSource {
    private var arguments: ArraySlice<String>
    private var readers: ArraySlice<LineReader>
    private var count = 0

    /// Opens all files, so that one that is not there ends the command before any work.
    ///
    /// - Throws: `TextFileError`.
    init(arguments: [String], files: [String]) throws {
        self.arguments = arguments[...]
        let paths = arguments.isEmpty && files.isEmpty ? [LineReader.standardInput.path] : files
        readers = try paths.map { try LineReader($0) }[...]
    }

    /// The next text with its place; none where it is at fault; nil at the end.
    ///
    /// - Throws: `TextFileError` where a file cannot be read on.
    mutating func next() throws -> (place: TextPlace, text: String?)? {
        defer { count += 1 }
        if let text = arguments.popFirst() {
            return (TextPlace(index: count, name: "argument \(count + 1)", fault: nil), text)
        }
        while let reader = readers.first {
            guard let line = try reader.nextLine() else {
                readers.removeFirst()
                continue
            }
            let name = "\(reader.name):\(line.number)"
            switch line.content {
            case .success(let text):
                return (TextPlace(index: count, name: name, fault: nil), text)
            case .failure(let fault):
                return (TextPlace(index: count, name: name, fault: fault), nil)
            }
        }
        return nil
    }
}
