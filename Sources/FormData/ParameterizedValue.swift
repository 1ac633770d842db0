/// A value with parameters, `form-data; name="a"`, as Content-Type and Content-Disposition have it (RFC 9110 §5.6.6).
struct ParameterizedValue {
    /// What stands before the first semicolon.
    let value: String
    /// By their names in small letters.
    private var parameters: [String: String] = [:]

    /// The value of a parameter.
    subscript(name: String) -> String? { parameters[name] }

    init(_ text: ArraySlice<UInt8>) throws(FormError) {
        let semicolon = UInt8(ascii: ";")
        let end = text.firstIndex(of: semicolon) ?? text.endIndex
        value = String(decoding: text[..<end].trimmingBlanks(), as: UTF8.self)
        var rest = text[end...]
        while rest.first == semicolon {
            rest = rest.dropFirst().trimmingBlanks()
            // A semicolon at the end, as some senders write it.
            if rest.isEmpty || rest.first == semicolon { continue }
            try take(&rest)
        }
        guard rest.isEmpty else { throw Self.malformed }
    }

    private static let malformed = FormError(
        "parameters of Content-Type and Content-Disposition must be name=value or name=\"value\", each once"
    )

    /// Takes one parameter and the blanks behind it.
    private mutating func take(_ rest: inout ArraySlice<UInt8>) throws(FormError) {
        let name = rest.prefix(while: Self.isTokenByte)
        rest = rest[name.endIndex...]
        guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { throw Self.malformed }
        let key = String(decoding: name, as: UTF8.self).lowercased()
        let value = try Self.value(&rest)
        guard parameters.updateValue(value, forKey: key) == nil else { throw Self.malformed }
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }

    /// A quoted text, or what goes on to the next semicolon or blank.
    private static func value(_ rest: inout ArraySlice<UInt8>) throws(FormError) -> String {
        guard rest.first == UInt8(ascii: "\"") else {
            let value = rest.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
            rest = rest[value.endIndex...]
            return String(decoding: value, as: UTF8.self)
        }
        var text: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            // Some senders write paths with single backslashes.
            case UInt8(ascii: "\\") where rest.first.map(isEscaped) == true:
                text.append(rest.removeFirst())
            default: text.append(byte)
            }
        }
        throw malformed
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// RFC 9110 §5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
