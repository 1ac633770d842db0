/// Two text files whose lines belong together.
public struct ParallelText: Sendable, Equatable {
    /// The lines of the one.
    public let sources: [String]
    /// As many lines of the other.
    public let references: [String]

    /// What a line may be that holds nothing but white space.
    public enum BlankLines: Sendable {
        /// A line like others.
        case kept
        /// A fault.
        case refused
    }

    /// Reads two files of as many lines, at least one.
    ///
    /// - Parameters:
    ///   - source: path of the one; "-" is standard input.
    ///   - reference: path of the other.
    ///   - blankLines: what a blank line is.
    ///   - limit: read so many lines of each only.
    /// - Throws: what is wrong, with the file, and the line where it is one.
    public init(
        _ source: String, _ reference: String, blankLines: BlankLines = .refused,
        limit: Int = .max
    ) throws(TextFileError) {
        sources = try Self.read(source, blankLines, limit)
        references = try Self.read(reference, blankLines, limit)
        guard sources.count == references.count, !sources.isEmpty else {
            throw TextFileError(
                .lineCount(sources.count, other: reference, otherCount: references.count),
                file: source)
        }
    }

    /// Pairs lines that are in memory.
    ///
    /// - Parameters:
    ///   - sources: the lines of the one, at least one.
    ///   - references: as many of the other.
    public init(sources: [String], references: [String]) {
        precondition(sources.count == references.count && !sources.isEmpty)
        self.sources = sources
        self.references = references
    }

    private static func read(
        _ path: String, _ blankLines: BlankLines, _ limit: Int
    ) throws(TextFileError) -> [String] {
        let reader = try LineReader(path)
        var lines: [String] = []
        while lines.count < limit, let line = try reader.next() {
            lines.append(line)
            if blankLines == .refused, line.isBlank {
                throw TextFileError(.blankLine, file: reader.name, line: lines.count)
            }
        }
        return lines
    }
}

extension String {
    /// Whether there is nothing but white space.
    public var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
