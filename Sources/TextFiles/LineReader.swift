import Compression
import Glibc

/// Reads a text line by line: a file, a pipe or standard input, plain or gzip.
///
/// What begins with gzip's two bytes is decompressed. Memory is bounded by a line's limit and some
/// buffers of 64 KiB, however long the text is. One thread at a time may use it.
public final class LineReader {
    /// How standard input is named, and what names it in messages.
    public static let standardInput = (path: "-", name: "standard input")

    /// The file in messages.
    public let name: String
    private let descriptor: Int32
    private var splitter: LineSplitter
    private var gzip: Decompressor?
    private var hasBegun = false
    private var isAtEnd = false
    /// Lines given so far.
    private var count = 0
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// A class, because a stream cannot be copied into an optional property and changed there.
    private final class Decompressor {
        var stream = GzipStream()
    }

    /// Opens a text; waits for the other end of a named pipe.
    ///
    /// - Parameters:
    ///   - path: the file; "-" is standard input.
    ///   - limit: how many bytes a line may have, without its ending.
    /// - Throws: `unopened`.
    public init(
        _ path: String, limit: Int = LineSplitter.defaultLimit
    ) throws(TextFileError) {
        splitter = LineSplitter(limit: limit)
        guard path != Self.standardInput.path else {
            name = Self.standardInput.name
            descriptor = STDIN_FILENO
            return
        }
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TextFileError(.unopened(code: errno), file: path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            throw TextFileError(.unopened(code: EISDIR), file: path)
        }
    }

    deinit {
        if descriptor > STDIN_FILENO { close(descriptor) }
    }

    /// The next line, which may be at fault: the one after it can be read all the same.
    ///
    /// - Returns: nil at the end of the text.
    /// - Throws: `unreadable`, or `gzip` with the line that it breaks.
    public func nextLine() throws(TextFileError) -> TextLine? {
        while true {
            if let line = splitter.next() { return counted(line) }
            guard !isAtEnd else { return nil }
            guard try readPart() else {
                isAtEnd = true
                return splitter.finish().map(counted)
            }
        }
    }

    /// The text of the next line.
    ///
    /// - Returns: nil at the end of the text.
    /// - Throws: as `nextLine`, and the fault of a line with its number.
    public func next() throws(TextFileError) -> String? {
        try nextLine()?.text(in: name)
    }

    private func counted(_ line: TextLine) -> TextLine {
        count = line.number
        return line
    }

    /// Gives the splitter more of the content; false at its end.
    private func readPart() throws(TextFileError) -> Bool {
        if !hasBegun { return try begin() }
        guard let gzip else {
            let part = try readBytes()
            splitter.append(part)
            return !part.isEmpty
        }
        while true {
            let block = try placed { () throws(GzipError) in try gzip.stream.next() }
            if let block {
                splitter.append(block)
                return true
            }
            let part = try readBytes()
            guard !part.isEmpty else {
                try placed { () throws(GzipError) in try gzip.stream.finish() }
                return false
            }
            gzip.stream.append(part)
        }
    }

    /// Adds file and line to what is wrong with gzip data.
    private func placed<Value>(
        _ body: () throws(GzipError) -> Value
    ) throws(TextFileError) -> Value {
        do {
            return try body()
        } catch {
            throw TextFileError(.gzip(error), file: name, line: count + 1)
        }
    }

    /// Tells from the first two bytes what the text is.
    private func begin() throws(TextFileError) -> Bool {
        hasBegun = true
        var first: [UInt8] = []
        while first.count < 2 {
            let part = try readBytes()
            if part.isEmpty { break }
            first += part
        }
        guard GzipStream.begins(first) else {
            splitter.append(first)
            return !first.isEmpty
        }
        let gzip = Decompressor()
        gzip.stream.append(first)
        self.gzip = gzip
        return try readPart()
    }

    /// Some bytes of the file; none at its end.
    private func readBytes() throws(TextFileError) -> ArraySlice<UInt8> {
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count >= 0 { return buffer[..<count] }
            guard errno == EINTR else {
                throw TextFileError(.unreadable(code: errno), file: name)
            }
        }
    }
}

extension LineReader {
    /// All lines of a file.
    ///
    /// - Parameter path: the file; "-" is standard input.
    /// - Returns: their texts.
    /// - Throws: as `next`.
    public static func lines(_ path: String) throws(TextFileError) -> [String] {
        let reader = try LineReader(path)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }
}
