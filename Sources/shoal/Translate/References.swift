import Configuration
import Glibc
import TextFiles

/// The lines of files that belong to the texts of a command, one each, in order.
struct References {
    private var lines: LineFiles

    /// Opens all files.
    ///
    /// - Throws: `TextFileError`.
    init(_ paths: [String]) throws {
        lines = try LineFiles(paths)
    }

    /// The line of the next text, which is at `place`.
    ///
    /// - Throws: `Failure` where there is none or it is no text; `TextFileError` where a file cannot be read on.
    mutating func next(for place: TextPlace) throws -> String {
        guard let line = try read() else {
            throw Failure("\(place.name) has no reference: there are fewer lines", code: EX_DATAERR)
        }
        switch line.content {
        case .success(let text): return text
        case .failure(let fault): throw Failure("\(line.name): \(fault)", code: EX_DATAERR)
        }
    }

    /// - Throws: `Failure` where there are more lines than texts.
    mutating func end() throws {
        guard let line = try read() else { return }
        throw Failure("\(line.name) has no text: there are fewer texts", code: EX_DATAERR)
    }

    private mutating func read() throws -> (name: String, content: Result<String, LineFault>)? {
        try lines.next().map { ("\($0.name):\($0.line.number)", $0.line.content) }
    }
}
