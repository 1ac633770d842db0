/// Strict JSON: RFC 8259 and nothing beyond it.
public enum JSON {
    /// What a parser accepts before it refuses a text.
    public struct Limits: Sendable, Equatable {
        /// How deep arrays and objects may be nested, from 0 to 512; 1 allows a flat array.
        public let maximumDepth: Int

        /// Sets the depth, 32 unless told; brought into 0 … 512, which any thread's stack holds.
        public init(maximumDepth: Int = 32) {
            self.maximumDepth = min(max(maximumDepth, 0), 512)
        }
    }

    /// Parses one JSON text.
    ///
    /// Refused beyond RFC 8259's grammar: a byte order mark, bytes that are not UTF-8, half
    /// surrogate pairs, duplicate names, numbers beyond a double, nesting beyond the limit. Takes
    /// time and memory in proportion to the bytes; its recursion is as deep as the nesting.
    ///
    /// - Parameters:
    ///   - bytes: the whole text in UTF-8.
    ///   - limits: how deep the text may be nested.
    /// - Returns: the value.
    /// - Throws: the first fault with its line and column; a fault of UTF-8 comes before others.
    public static func parse(
        _ bytes: [UInt8], limits: Limits = Limits()
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, limits: limits)
        return try parser.parseText()
    }

    /// Writes a value: members in their order, numbers in the fewest digits that read back equal.
    ///
    /// A number that is not finite becomes `null`, since JSON has no form for it.
    ///
    /// - Parameters:
    ///   - value: what to write.
    ///   - style: compact, or indented by two spaces a level.
    /// - Returns: UTF-8 without a final line feed.
    public static func serialize(
        _ value: JSONValue, style: JSONWriter.Style = .compact
    ) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.value(value)
        return writer.bytes
    }
}
