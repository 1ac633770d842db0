import System

/// The fields in front of a part's content (RFC 7578 §4).
struct PartHead {
    /// The name of the form's field.
    let name: String
    /// What its sender calls the file; nil where the part is none.
    let fileName: String?
    /// `Content-Type` as it is written.
    let type: String?

    init(_ lines: [ArraySlice<UInt8>]) throws(FormError) {
        var disposition: ParameterizedValue?
        var type: ParameterizedValue?
        var typeText: String?
        for line in lines {
            let (name, value) = try Self.field(line)
            switch name {
            case "content-disposition":
                guard disposition == nil else { throw Self.repeated }
                disposition = try ParameterizedValue(value)
            case "content-type":
                guard type == nil else { throw Self.repeated }
                type = try ParameterizedValue(value)
                typeText = String(decoding: value, as: UTF8.self)
            case "content-transfer-encoding": try Self.checkEncoding(value)
            default: break
            }
        }
        guard let disposition, disposition.value.lowercased() == "form-data",
            let name = disposition["name"]
        else {
            throw FormError(
                "a part of a form must have Content-Disposition: form-data; name=\"…\"")
        }
        self.name = Self.unescaped(name)
        self.type = typeText
        fileName = try Self.fileName(disposition)
        if fileName == nil, let charset = type?["charset"]?.lowercased(),
            !["utf-8", "us-ascii"].contains(charset)
        {
            throw FormError("the charset of a form's text must be UTF-8")
        }
    }

    private static let repeated = FormError(
        "a part of a form must have Content-Disposition and Content-Type at most once")

    /// A field line: a token in any case, a colon, and a value of visible bytes and blanks.
    private static func field(
        _ line: ArraySlice<UInt8>
    ) throws(FormError) -> (name: String, value: ArraySlice<UInt8>) {
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.startIndex
        let name = line[..<colon]
        guard !name.isEmpty, name.allSatisfy(ParameterizedValue.isTokenByte),
            line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }),
            String(validating: line, as: UTF8.self) != nil
        else {
            throw FormError("a field of a part must be a name, a colon and a value in UTF-8")
        }
        return (
            String(decoding: name, as: UTF8.self).lowercased(),
            line[(colon + 1)...].trimmingBlanks()
        )
    }

    /// RFC 7578 §4.7: transfer encodings are deprecated; those that change nothing do no harm.
    private static func checkEncoding(_ value: ArraySlice<UInt8>) throws(FormError) {
        let name = String(decoding: value, as: UTF8.self).lowercased()
        guard ["7bit", "8bit", "binary"].contains(name) else {
            throw FormError("a part of a form must come without a transfer encoding")
        }
    }

    /// `filename`, or `filename*` of senders that write other scripts so (RFC 8187, against RFC 7578 §4.2).
    private static func fileName(_ disposition: ParameterizedValue) throws(FormError) -> String? {
        guard let extended = disposition["filename*"] else {
            return disposition["filename"].map(unescaped)
        }
        let parts = extended.split(
            separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8",
            let name = percentDecoded(parts[2].utf8)
        else { throw FormError("filename* of a part must be UTF-8''… with percent-encoding") }
        return name
    }

    private static func percentDecoded(_ text: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(Hexadecimal.value),
                let low = rest.next().flatMap(Hexadecimal.value)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A name with what browsers escape in it (HTML Standard, "multipart form data").
    private static func unescaped(_ name: String) -> String {
        name.replacing("%22", with: "\"").replacing("%0D", with: "\r").replacing("%0A", with: "\n")
    }
}

extension ArraySlice<UInt8> {
    /// Without the blanks at both ends.
    func trimmingBlanks() -> ArraySlice<UInt8> {
        var slice = drop { $0 == 0x20 || $0 == 0x09 }
        while let last = slice.last, last == 0x20 || last == 0x09 { slice.removeLast() }
        return slice
    }
}
