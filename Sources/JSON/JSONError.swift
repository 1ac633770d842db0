/// Why and where a text is not acceptable JSON.
public struct JSONError: Error, Sendable, Equatable {
    /// What is wrong.
    public enum Cause: Sendable, Equatable {
        /// The text starts with U+FEFF, which RFC 8259 §8.1 lets a parser refuse.
        case byteOrderMark
        /// The bytes are not UTF-8: overlong, a surrogate, beyond U+10FFFF, or cut off.
        case invalidUTF8
        /// The text ends inside a value, or holds none.
        case unexpectedEnd
        /// Something else stands where a part of the grammar has to be.
        case unexpectedCharacter(expected: String)
        /// Something follows the value.
        case trailingBytes
        /// An object has two members of the same name, byte for byte after unescaping.
        case duplicateKey(String)
        /// Arrays and objects are nested deeper than the limit.
        case nestingTooDeep(limit: Int)
        /// A `\u` escape is half of a surrogate pair.
        case loneSurrogate
        /// A string holds an unescaped character below U+0020.
        case controlCharacter
        /// A backslash is followed by none of the escapes of RFC 8259 §7.
        case invalidEscape
        /// A number breaks the grammar: `01`, `1.`, `.5`, `+1`, `1e`.
        case invalidNumber
        /// A number is beyond the range of a double, such as `1e999`.
        case numberOutOfRange
    }

    /// What is wrong.
    public let cause: Cause
    /// The line, from 1; lines end with U+000A.
    public let line: Int
    /// The column, from 1, in code points since the start of the line.
    public let column: Int

    /// States a cause at a place.
    public init(cause: Cause, line: Int, column: Int) {
        self.cause = cause
        self.line = line
        self.column = column
    }

    /// Counts line and column of a byte offset; O(offset), and only when there is an error.
    init(cause: Cause, offset: Int, in bytes: [UInt8]) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                // Continuation bytes belong to the code point before them.
                column += 1
            }
        }
        self.init(cause: cause, line: line, column: column)
    }
}

extension JSONError: CustomStringConvertible {
    /// One sentence with the place, for example "line 2, column 7: duplicate member name "a"".
    public var description: String {
        "line \(line), column \(column): \(cause)"
    }
}

extension JSONError.Cause: CustomStringConvertible {
    /// The cause in words, without the place.
    public var description: String {
        switch self {
        case .byteOrderMark: "a byte order mark is not allowed"
        case .invalidUTF8: "the text is not valid UTF-8"
        case .unexpectedEnd: "the text ends before the value does"
        case .unexpectedCharacter(let expected): "expected \(expected)"
        case .trailingBytes: "nothing may follow the value"
        case .duplicateKey(let name): "duplicate member name \(Self.quoted(name))"
        case .nestingTooDeep(let limit): "nesting deeper than \(limit) levels"
        case .loneSurrogate: "an escape is half of a surrogate pair"
        case .controlCharacter: "a control character in a string has to be escaped"
        case .invalidEscape: "a backslash has to be followed by one of \" \\ / b f n r t or uXXXX"
        case .invalidNumber: "the number is not written as JSON writes numbers"
        case .numberOutOfRange: "the number is beyond the range of a double"
        }
    }

    /// At most 64 scalars of a name, escaped: a name comes from outside and goes to logs.
    private static func quoted(_ name: String) -> String {
        let shown = String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))
        let ending = name.unicodeScalars.count > 64 ? "…" : ""
        return "\"" + shown.unicodeScalars.map { $0.escaped(asASCII: false) }.joined() + ending
            + "\""
    }
}
