import System

extension JSONParser {
    /// A string (RFC 8259 §7); the position is on its opening quotation mark.
    mutating func parseString() throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlain()
        if current == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var unescaped = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: unescaped, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try parseEscape(into: &unescaped)
            case ..<0x20:
                throw error(.controlCharacter)
            default:
                let run = position
                skipPlain()
                unescaped.append(contentsOf: bytes[run..<position])
            }
        }
        throw error(.unexpectedEnd)
    }

    /// Steps to the next quotation mark, backslash or control character, or to the end.
    private mutating func skipPlain() {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return }
            position += 1
        }
    }

    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        guard let selector = current else { throw error(.unexpectedEnd) }
        position += 1
        switch selector {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(selector)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try parseEscapedScalar(from: start)
            text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw error(.invalidEscape, at: start)
        }
    }

    /// The scalar of `\uXXXX` or of a pair of them; the position is behind the first `\u`.
    private mutating func parseEscapedScalar(
        from start: Int
    ) throws(JSONError) -> Unicode.Scalar {
        let first = try parseFourHexDigits(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(first)), bytes[position...].starts(with: [0x5C, 0x75])
        else { throw error(.loneSurrogate, at: start) }
        position += 2
        let second = try parseFourHexDigits(from: start)
        guard UTF16.isTrailSurrogate(UInt16(second)),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        else { throw error(.loneSurrogate, at: start) }
        return scalar
    }

    /// A value from 0 to 0xFFFF.
    private mutating func parseFourHexDigits(from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw error(.unexpectedEnd) }
            guard let digit = Hexadecimal.value(byte) else {
                throw error(.invalidEscape, at: start)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// A number (RFC 8259 §6); the position is on its minus sign or first digit.
    mutating func parseNumber() throws(JSONError) -> JSONValue {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let leadingZero = current == UInt8(ascii: "0")
        let integerDigits = skipDigits()
        guard integerDigits > 0, integerDigits == 1 || !leadingZero else {
            throw error(.invalidNumber, at: start)
        }
        let isInteger = try skipFractionAndExponent(from: start)
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // -0 has no integer of its own, so it stays a double.
        if isInteger, text != "-0", let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw error(.numberOutOfRange, at: start)
        }
        return .number(number)
    }

    /// Whether there was neither a fraction nor an exponent.
    private mutating func skipFractionAndExponent(from start: Int) throws(JSONError) -> Bool {
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() > 0 else { throw error(.invalidNumber, at: start) }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw error(.invalidNumber, at: start) }
        }
        return isInteger
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            position += 1
        }
        return position - start
    }
}
