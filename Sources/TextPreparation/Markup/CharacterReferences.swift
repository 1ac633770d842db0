import EmbeddedFiles

/// Character references of HTML and XML, such as `&amp;` and `&#x20AC;`.
enum CharacterReferences {
    /// What a reference stands for.
    struct Decoded {
        let first: Unicode.Scalar
        /// Some names stand for two scalars.
        let second: Unicode.Scalar?
        /// The end of the reference.
        let end: Int
    }

    private struct Named {
        let first: Unicode.Scalar
        let second: Unicode.Scalar?
        /// Whether it is read without a semicolon, too.
        let isLegacy: Bool
    }

    /// The longest name, "CounterClockwiseContourIntegral".
    private static let longest = 31
    private static let longestLegacy = 6

    private static let named: [String: Named] = {
        var named: [String: Named] = [:]
        let lines = EmbeddedFile.text("TextPreparation/Markup/entities.txt").split(separator: "\n")
        named.reserveCapacity(lines.count)
        for line in lines where !line.hasPrefix("#") {
            let fields = line.split(separator: " ")
            let scalars = fields.dropFirst().compactMap { UInt32($0, radix: 16) }
                .compactMap(Unicode.Scalar.init)
            guard let first = scalars.first, let field = fields.first else { continue }
            let isLegacy = field.hasSuffix("*")
            named[String(isLegacy ? field.dropLast() : field)] = Named(
                first: first, second: scalars.count > 1 ? scalars[1] : nil, isLegacy: isLegacy)
        }
        return named
    }()

    /// Reads a reference as the HTML Living Standard, section 13.2.5.72, says for text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8.
    ///   - start: the place of the ampersand.
    ///   - end: where the text ends.
    ///   - isXML: whether names need their semicolon.
    /// - Returns: nil if it is no reference, in time proportional to the length of the longest name.
    static func decode(
        _ bytes: [UInt8], at start: Int, before end: Int, isXML: Bool
    ) -> Decoded? {
        guard start + 1 < end else { return nil }
        if bytes[start + 1] == UInt8(ascii: "#") { return numeric(bytes, start, end) }
        let stop = nameEnd(bytes, start, end)
        if stop < end, bytes[stop] == UInt8(ascii: ";"), stop > start + 1,
            let name = named[String(decoding: bytes[(start + 1)..<stop], as: UTF8.self)]
        {
            return Decoded(first: name.first, second: name.second, end: stop + 1)
        }
        return isXML ? nil : legacy(bytes, start, stop)
    }

    /// The end of a name that may be one of a reference.
    private static func nameEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        var stop = start + 1
        while stop < end, stop - start <= longest, isAlphanumeric(bytes[stop]) { stop += 1 }
        return stop
    }

    private static func legacy(_ bytes: [UInt8], _ start: Int, _ stop: Int) -> Decoded? {
        var last = min(stop, start + 1 + longestLegacy)
        while last > start + 2 {
            if let name = named[String(decoding: bytes[(start + 1)..<last], as: UTF8.self)],
                name.isLegacy
            {
                return Decoded(first: name.first, second: name.second, end: last)
            }
            last -= 1
        }
        return nil
    }

    /// The end of an entity of XML that a document declares itself, `&name;`; nil if there is none.
    static func entityEnd(_ bytes: [UInt8], at start: Int, before end: Int) -> Int? {
        var stop = start + 1
        while stop < end, stop - start <= 64, bytes[stop] >= 0x80 || isName(bytes[stop]) {
            stop += 1
        }
        guard stop > start + 1, stop < end, bytes[stop] == UInt8(ascii: ";") else { return nil }
        // No name has a blank or a line's end in it.
        let name = String(decoding: bytes[(start + 1)..<stop], as: UTF8.self)
        return name.unicodeScalars.contains(where: \.isBlank) ? nil : stop + 1
    }

    private static func isName(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }

    // MARK: Numbers

    private static func numeric(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Decoded? {
        var index = start + 2
        let isHexadecimal = index < end && bytes[index] | 0x20 == UInt8(ascii: "x")
        if isHexadecimal { index += 1 }
        let first = index
        var value: UInt32 = 0
        while index < end, let digit = digit(bytes[index], isHexadecimal) {
            value = min(0x11_0000, value &* (isHexadecimal ? 16 : 10) &+ digit)
            index += 1
        }
        guard index > first else { return nil }
        if index < end, bytes[index] == UInt8(ascii: ";") { index += 1 }
        return Decoded(first: scalar(value), second: nil, end: index)
    }

    private static func digit(_ byte: UInt8, _ isHexadecimal: Bool) -> UInt32? {
        if byte &- 0x30 < 10 { return UInt32(byte &- 0x30) }
        let letter = (byte | 0x20) &- 0x61
        return isHexadecimal && letter < 6 ? UInt32(letter) + 10 : nil
    }

    /// The scalar of a number; 0x80 to 0x9F are read as windows-1252, and what is no scalar as U+FFFD.
    private static func scalar(_ value: UInt32) -> Unicode.Scalar {
        if 0x80...0x9F ~= value {
            return Unicode.Scalar(windows1252[Int(value - 0x80)]) ?? "\u{FFFD}"
        }
        return value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    private static let windows1252: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039,
        0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
        0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
    ]

    // MARK: Encoding

    /// Appends UTF-8 with what would be markup as references, and without what XML has no characters for.
    static func appendEncoded(
        _ text: some Sequence<UInt8>, to output: inout [UInt8], isXML: Bool
    ) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): output += "&amp;".utf8
            case UInt8(ascii: "<"): output += "&lt;".utf8
            case UInt8(ascii: ">"): output += "&gt;".utf8
            case 0..<0x20 where isXML && byte != 0x09 && byte != 0x0A && byte != 0x0D: break
            default: output.append(byte)
            }
        }
    }
}
