import HTTPTypes

/// The trace that a request belongs to (W3C Trace Context, "traceparent Header").
///
/// Its id is logged, so that the lines of all services that a request went through can be found
/// together. Responses carry no `traceparent`, which the recommendation defines for requests alone, and
/// this server has no span of its own to name: what a client can quote is `X-Request-Id`.
struct TraceContext {
    /// 32 hexadecimal digits.
    let traceID: String

    /// The trace of a request; nil where it names none in the exact form.
    init?(_ fields: HTTPFields) {
        guard let value = fields[.traceparent] else { return nil }
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, Self.isHex(parts[0], digits: 2), parts[0] != "ff",
            // Later versions may add parts; this one has no more.
            parts.count == 4 || parts[0] != "00",
            Self.isHex(parts[1], digits: 32), Self.isHex(parts[2], digits: 16),
            Self.isHex(parts[3], digits: 2), Self.isSet(parts[1]), Self.isSet(parts[2])
        else { return nil }
        traceID = String(parts[1])
    }

    private static func isHex(_ text: Substring, digits: Int) -> Bool {
        text.utf8.count == digits
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }

    private static func isSet(_ id: Substring) -> Bool { id.contains { $0 != "0" } }
}
