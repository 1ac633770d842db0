import System

/// Appends JSON to a byte array, piece by piece.
///
/// Commas, colons and indentation come by themselves; that every `begin` has its `end`, and that
/// every member of an object is a `name` followed by one value, is the caller's duty.
public struct JSONWriter: Sendable {
    /// How the text is laid out.
    public enum Style: Sendable, Equatable {
        /// No white space at all.
        case compact
        /// A member or element a line, indented by two spaces a level, a space behind the colon.
        case pretty
    }

    /// What has been written so far, UTF-8.
    public private(set) var bytes: [UInt8] = []
    private let style: Style
    private var depth = 0
    /// Whether the next value of this level is separated from one before it.
    private var needsComma = false
    /// Whether the next value belongs to a name that has just been written.
    private var followsName = false

    /// Starts with an empty text.
    public init(style: Style = .compact) {
        self.style = style
    }

    /// Makes room for a number of bytes, to save growing.
    public mutating func reserveCapacity(_ byteCount: Int) {
        bytes.reserveCapacity(byteCount)
    }

    /// Opens an object.
    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    /// Closes the object that was opened last.
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    /// Opens an array.
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    /// Closes the array that was opened last.
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// Writes a member's name; its value comes next.
    public mutating func name(_ name: String) {
        separate()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        if style == .pretty { bytes.append(UInt8(ascii: " ")) }
        followsName = true
    }

    /// Writes the literal `null`.
    public mutating func null() { append("null") }
    /// Writes `true` or `false`.
    public mutating func value(_ value: Bool) { append(value ? "true" : "false") }
    /// Writes an integer in full.
    public mutating func value(_ value: some BinaryInteger) { append(String(value)) }
    /// Writes an integer in full.
    public mutating func value(_ value: Int) {
        // Most numbers of a translation, such as the layers of its tokens, have one digit.
        guard 0..<10 ~= value else { return append(value.description) }
        separate()
        bytes.append(UInt8(ascii: "0") + UInt8(value))
        needsComma = true
    }
    /// Writes the fewest digits that read back as the same double; `null` if it is not finite.
    public mutating func value(_ value: Double) {
        append(value.isFinite ? value.description : "null")
    }
    /// Writes the fewest digits that tell the number from other floats; `null` if not finite.
    public mutating func value(_ value: Float) {
        append(value.isFinite ? value.description : "null")
    }
    /// Writes a string; only `"`, `\` and control characters are escaped.
    public mutating func value(_ value: String) {
        separate()
        appendQuoted(value)
        needsComma = true
    }

    /// Writes a whole value with all that it holds.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let bool): self.value(bool)
        case .integer(let integer): self.value(integer)
        case .number(let number): self.value(number)
        case .string(let string): self.value(string)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for member in object.members {
                name(member.name)
                self.value(member.value)
            }
            endObject()
        }
    }

    private mutating func append(_ literal: String) {
        separate()
        bytes.append(contentsOf: literal.utf8)
        needsComma = true
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        if needsComma { breakLine() }
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if followsName {
            followsName = false
            return
        }
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        if depth > 0 { breakLine() }
    }

    private mutating func breakLine() {
        guard style == .pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        if bytes[start...].contains(where: Self.mustBeEscaped) {
            bytes.removeSubrange(start...)
            for byte in text.utf8 {
                if Self.mustBeEscaped(byte) { appendEscaped(byte) } else { bytes.append(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func mustBeEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Hexadecimal.digit(byte >> 4))
            bytes.append(Hexadecimal.digit(byte))
        }
    }
}
