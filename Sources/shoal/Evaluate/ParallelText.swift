import Configuration
import Glibc

/// Two text files whose lines belong together.
struct ParallelText {
    let sources: [String]
    let references: [String]

    /// Reads two files of as many lines, at least one.
    ///
    /// - Parameters:
    ///   - source: path of the one.
    ///   - reference: path of the other.
    ///   - takesEmptyLines: whether a line may hold nothing but white space.
    /// - Throws: `Failure` that names the file, and the line where it is one.
    init(_ source: String, _ reference: String, takesEmptyLines: Bool = false) throws {
        sources = try readLines(source)
        references = try readLines(reference)
        for (path, lines) in [(source, sources), (reference, references)] where !takesEmptyLines {
            if let line = lines.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
                throw Failure("\(path):\(line + 1): an empty line", code: EX_DATAERR)
            }
        }
        guard sources.count == references.count, !sources.isEmpty else {
            throw Failure(
                "\(source) has \(sources.count) lines and \(reference) \(references.count); "
                    + "both must have the same number, at least 1", code: EX_DATAERR)
        }
    }
}
