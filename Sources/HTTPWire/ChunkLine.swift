/// The line before a chunk's data (RFC 9112 §7.1): its size, then extensions, which are ignored.
struct ChunkLine {
    let size: Int
    let extensionBytes: Int

    /// Reads a line without its CRLF.
    ///
    /// - Parameters:
    ///   - line: the line.
    ///   - most: the largest size, beyond which the body would pass its limit.
    ///   - limits: where that limit comes from.
    /// - Throws: a malformed request, or content too large.
    init(_ line: ArraySlice<UInt8>, most: Int, limits: HTTPLimits) throws(HTTPFailure) {
        let digits = line.prefix { ASCII.hex($0) != nil }
        guard !digits.isEmpty else {
            throw .malformed("A chunk must begin with its size in hex digits.")
        }
        guard Self.areExtensions(line[digits.endIndex...]) else {
            throw .malformed("A chunk size is followed by neither CRLF nor valid extensions.")
        }
        var size = 0
        for digit in digits {
            let (shifted, overflow) = size.multipliedReportingOverflow(by: 16)
            size = shifted | Int(ASCII.hex(digit) ?? 0)
            guard !overflow, size <= most else { throw .tooLarge(limits) }
        }
        self.size = size
        extensionBytes = line.count - digits.count
    }

    /// chunk-ext of RFC 9112 §7.1.1: names, each after a semicolon, with or without a value.
    private static func areExtensions(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard take(UInt8(ascii: ";"), from: &rest), takeToken(&rest) else { return false }
            guard take(UInt8(ascii: "="), from: &rest) else { continue }
            guard takeQuoted(&rest) || takeToken(&rest) else { return false }
        }
        return true
    }

    /// Removes a mark and the blanks around it, if it comes next.
    private static func take(_ mark: UInt8, from rest: inout ArraySlice<UInt8>) -> Bool {
        let marked = rest.drop(while: ASCII.isBlank)
        guard marked.first == mark else { return false }
        rest = marked.dropFirst().drop(while: ASCII.isBlank)
        return true
    }

    private static func takeToken(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let token = rest.prefix(while: ASCII.isToken)
        rest = rest[token.endIndex...]
        return !token.isEmpty
    }

    /// Removes a quoted-string (RFC 9110 §5.6.4); controls have been refused with the line.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: "\"") else { return false }
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { return false }
        }
        return false
    }
}
