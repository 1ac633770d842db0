/// Parts of a line that are for browsers.
enum Markup {
    /// Code points of tags (`<b>`, `</p>`) and character references (`&amp;`).
    static func length(in text: String) -> Int {
        guard text.utf8.contains(where: { $0 == lessThan || $0 == ampersand }) else {
            return 0
        }
        var length = 0
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count {
            let end = tagEnd(scalars, index) ?? referenceEnd(scalars, index)
            length += (end ?? index) - index
            index = end ?? index + 1
        }
        return length
    }

    private static let lessThan = UInt8(ascii: "<")
    private static let ampersand = UInt8(ascii: "&")
    /// Longest name of a character reference.
    private static let longestReference = 32

    private static func tagEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
        guard scalars[start] == "<", start + 1 < scalars.count else { return nil }
        let next = scalars[start + 1]
        guard next == "/" || next == "!" || next.isLetter,
            let end = scalars[(start + 1)...].firstIndex(where: { $0 == ">" || $0 == "<" }),
            scalars[end] == ">"
        else { return nil }
        return end + 1
    }

    private static func referenceEnd(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
        guard scalars[start] == "&" else { return nil }
        let name = scalars[(start + 1)...].prefix(longestReference).prefix {
            $0 == "#"
                || $0.isASCII && ($0.isLetter || $0.properties.numericType != nil)
        }
        guard !name.isEmpty, name.endIndex < scalars.count, scalars[name.endIndex] == ";" else {
            return nil
        }
        return name.endIndex + 1
    }
}
