import Glibc

/// A line of a text, counted from 1, without what ends it.
public struct TextLine: Sendable, Equatable {
    /// Its number.
    public let number: Int
    /// Its text, or why it cannot be taken for one.
    public let content: Result<String, LineFault>

    /// Its text.
    ///
    /// - Parameter name: of its file, for the error.
    /// - Returns: it, without its ending.
    /// - Throws: its fault, with its number.
    public func text(in name: String) throws(TextFileError) -> String {
        switch content {
        case .success(let text): return text
        case .failure(let fault): throw TextFileError(.line(fault), file: name, line: number)
        }
    }
}

/// Why a line is no text.
public enum LineFault: Error, Sendable, Equatable {
    /// It is not UTF-8.
    case notUTF8
    /// It has more bytes than the limit.
    case tooLong(limit: Int)
}

/// Cuts the bytes of a text, which come in parts, into lines.
///
/// A line ends with LF or CRLF; the last one need not. A byte order mark before the first line and a CR
/// at the end of the last one belong to no line. A line at fault is passed over, and the next one is read
/// as usual. Takes time in proportion to the bytes and holds one part and one line of at most `limit`.
public struct LineSplitter: Sendable {
    /// Bytes of a line, 1 MiB, where nothing else is said.
    public static let defaultLimit = 1 << 20

    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let limit: Int
    private var bytes: [UInt8] = []
    /// Where the present line begins.
    private var start = 0
    /// Where to look on for its end.
    private var scanned = 0
    /// Whether bytes of the present line have been dropped.
    private var isCut = false
    /// Lines given so far.
    private var count = 0

    /// Begins a text.
    ///
    /// - Parameter limit: how many bytes a line may have, without its ending.
    public init(limit: Int = defaultLimit) {
        self.limit = limit
    }

    /// Takes the next bytes of the text, after `next` has returned nil.
    ///
    /// - Parameter part: any number of them.
    public mutating func append(_ part: some Collection<UInt8>) {
        bytes.removeSubrange(..<start)
        scanned -= start
        start = 0
        bytes += part
    }

    /// The next line whose end has come.
    ///
    /// - Returns: nil where more bytes are needed.
    public mutating func next() -> TextLine? {
        guard let end = indexOfLineFeed() else {
            scanned = bytes.count
            // A byte order mark and a CR may be dropped yet.
            if bytes.count - start > limit + Self.byteOrderMark.count + 1 {
                isCut = true
                start = bytes.count
            }
            return nil
        }
        let line = take(upTo: end)
        start = end + 1
        scanned = start
        return line
    }

    /// The last line, where no LF ends it, after `next` has returned nil at the end of the text.
    ///
    /// - Returns: nil where there is none.
    public mutating func finish() -> TextLine? {
        let rest = bytes[start...]
        guard isCut || !rest.isEmpty, count > 0 || isCut || !rest.elementsEqual(Self.byteOrderMark)
        else { return nil }
        defer { start = bytes.count }
        return take(upTo: bytes.count)
    }

    private mutating func take(upTo end: Int) -> TextLine {
        var line = bytes[start..<end]
        if count == 0, line.starts(with: Self.byteOrderMark) {
            line = line.dropFirst(Self.byteOrderMark.count)
        }
        if line.last == Self.carriageReturn { line.removeLast() }
        defer {
            count += 1
            isCut = false
        }
        return TextLine(number: count + 1, content: content(line))
    }

    private func content(_ line: ArraySlice<UInt8>) -> Result<String, LineFault> {
        guard !isCut, line.count <= limit else { return .failure(.tooLong(limit: limit)) }
        return String(validating: line, as: UTF8.self).map { .success($0) } ?? .failure(.notUTF8)
    }

    private func indexOfLineFeed() -> Int? {
        bytes.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[scanned...])
            guard let base = rest.baseAddress,
                let found = memchr(base, Int32(Self.lineFeed), rest.count)
            else { return nil }
            return scanned + (UnsafeRawPointer(found) - base)
        }
    }
}
