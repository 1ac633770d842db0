public import Compression
import Glibc

/// Why a text file cannot be used: where, and what is wrong there.
public struct TextFileError: Error, Sendable, Equatable {
    /// What can be wrong.
    public enum Cause: Sendable, Equatable {
        /// The system does not open it, or it is a folder; errno.
        case unopened(code: Int32)
        /// Reading failed after it was opened; errno.
        case unreadable(code: Int32)
        /// It begins as gzip and is not.
        case gzip(GzipError)
        /// A line is no text.
        case line(LineFault)
        /// A line holds nothing but white space.
        case blankLine
        /// It should have as many lines as another file.
        case lineCount(Int, other: String, otherCount: Int)
    }

    /// The file, as it was named.
    public let file: String
    /// The line, counted from 1; nil: the whole file.
    public let line: Int?
    /// What is wrong.
    public let cause: Cause

    /// States a fault.
    public init(_ cause: Cause, file: String, line: Int? = nil) {
        self.cause = cause
        self.file = file
        self.line = line
    }
}

extension TextFileError: CustomStringConvertible {
    /// FILE:LINE and what is wrong; never text of the file.
    public var description: String {
        let place = file + (line.map { ":\($0)" } ?? "")
        return switch cause {
        case .unopened(let code), .unreadable(let code):
            "\(place): \(String(cString: strerror(code)))"
        case .gzip(let error): "\(place): \(error)"
        case .line(let fault): "\(place): \(fault)"
        case .blankLine: "\(place): an empty line"
        case .lineCount(let count, let other, let otherCount):
            "\(file) has \(count) lines and \(other) \(otherCount); "
                + "both must have the same number, at least 1"
        }
    }
}

extension LineFault: CustomStringConvertible {
    /// The fault in words.
    public var description: String {
        switch self {
        case .notUTF8: "not UTF-8"
        case .tooLong(let limit): "a line of more than \(limit) bytes"
        }
    }
}
