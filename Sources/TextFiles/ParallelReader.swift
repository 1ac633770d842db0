/// Reads two files whose lines belong together, pair by pair.
///
/// Memory is that of two `LineReader`s. One thread at a time may use it.
public final class ParallelReader {
    private let source: LineReader
    private let target: LineReader
    private var count = 0

    /// Opens both files.
    ///
    /// - Parameters:
    ///   - source: path of the one; "-" is standard input.
    ///   - target: path of the other.
    /// - Throws: `unopened`.
    public init(_ source: String, _ target: String) throws(TextFileError) {
        self.source = try LineReader(source)
        self.target = try LineReader(target)
    }

    /// The next pair, whose lines may be at fault.
    ///
    /// - Returns: nil at the end of both.
    /// - Throws: `unreadable`, `gzip`; `lineCount` where one ends before the other.
    public func next() throws(TextFileError) -> (source: TextLine, target: TextLine)? {
        let pair = (try source.nextLine(), try target.nextLine())
        switch pair {
        case (let source?, let target?):
            count += 1
            return (source, target)
        case (nil, nil): return nil
        case (_?, nil): throw try unequal(longer: source, isSource: true)
        case (nil, _?): throw try unequal(longer: target, isSource: false)
        }
    }

    /// Counts the rest of the longer one, for the message.
    private func unequal(
        longer: LineReader, isSource: Bool
    ) throws(TextFileError) -> TextFileError {
        var longerCount = count + 1
        while try longer.nextLine() != nil { longerCount += 1 }
        return TextFileError(
            .lineCount(
                isSource ? longerCount : count, other: target.name,
                otherCount: isSource ? count : longerCount),
            file: source.name)
    }
}
