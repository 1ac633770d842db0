import Glibc

/// Why a file cannot be read or written: which one, what is there, and what would be right.
public struct FileError: Error, Sendable, Equatable {
    /// The kind of fault.
    public enum Code: Sendable, CaseIterable {
        /// Nothing is there, or a symbolic link that leads to nothing.
        case missing
        /// The system refused to open or to read it.
        case unreadable
        /// A directory, a pipe, a device or a socket stands where a regular file has to be.
        case notRegular
        /// It has more bytes than its kind can sensibly have.
        case tooLarge
        /// It was cut off or written to while it was read.
        case changed
        /// The system refused to write it.
        case unwritable
        /// Others could have written it than those who are to be believed.
        case untrusted
    }

    /// The kind of fault.
    public let code: Code
    /// The path, as it was given.
    public let path: String
    /// What is there, or the system's reason.
    public let found: String
    /// What would be right.
    public let expected: String

    /// States a fault by its facts.
    public init(_ code: Code, _ path: String, found: String, expected: String) {
        self.code = code
        self.path = path
        self.found = found
        self.expected = expected
    }

    /// A file that the system refused to write.
    init(
        unwritable path: String, _ errorNumber: Int32,
        expected: String = "a file that can be written"
    ) {
        self.init(.unwritable, path, found: Self.reason(errorNumber), expected: expected)
    }

    /// A file that the system refused to read.
    init(unreadable path: String, _ errorNumber: Int32) {
        self.init(.unreadable, path, found: Self.reason(errorNumber), expected: "a readable file")
    }

    static func reason(_ errorNumber: Int32) -> String { String(cString: strerror(errorNumber)) }
}

extension FileError: CustomStringConvertible {
    /// One line: "keys.txt: found no such file; expected a readable file".
    public var description: String { "\(path): found \(found); expected \(expected)" }
}
