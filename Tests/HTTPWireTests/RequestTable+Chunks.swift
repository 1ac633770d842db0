import HTTPWire

extension Case {
    static func chunked(_ what: String, _ body: String, _ verdict: Verdict) -> Case {
        .post("chunked: \(what)", "Transfer-Encoding: chunked\r\n", body, verdict)
    }

    static func coding(_ value: String, _ verdict: Verdict) -> Case {
        .post("the coding \(value)", "Transfer-Encoding: \(value)\r\n", "0\r\n\r\n", verdict)
    }

    static let chunks: [Case] = [
        chunked("chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", .accept("POST /t abcde")),
        chunked("no chunks", "0\r\n\r\n", .accept("POST /t")),
        chunked(
            "hex in both cases", "A\r\n0123456789\r\n0a\r\n0123456789\r\n0\r\n\r\n",
            .accept("POST /t 01234567890123456789")),
        chunked("extensions", "1;a=b;c=\"d\"\r\nx\r\n0 ;e\r\n\r\n", .accept("POST /t x")),
        chunked(
            "blanks around an extension", "1 ; a = b\r\nx\r\n0\r\n\r\n", .accept("POST /t x")),
        chunked("an escape in quotes", "1;a=\"\\\"\"\r\nx\r\n0\r\n\r\n", .accept("POST /t x")),
        chunked("a blank after the size", "1 \r\nx\r\n", .refuse(.malformedRequest)),
        chunked("an extension without a name", "1;\r\nx\r\n", .refuse(.malformedRequest)),
        chunked("an extension without its value", "1;a=\r\nx\r\n", .refuse(.malformedRequest)),
        chunked("quotes that do not close", "1;a=\"b\r\nx\r\n", .refuse(.malformedRequest)),
        chunked("an escape of nothing", "1;a=\"b\\\r\nx\r\n", .refuse(.malformedRequest)),
        chunked("text after quotes", "1;a=\"b\"c\r\nx\r\n", .refuse(.malformedRequest)),
        chunked("a bare CR in an extension", "1;a=b\rc\r\nx\r\n", .refuse(.malformedRequest)),
        chunked("a bare CR in a trailer", "0\r\nA: b\rc\r\n\r\n", .refuse(.malformedRequest)),
        chunked("an obs-fold in a trailer", "0\r\nA: b\r\n c\r\n\r\n", .refuse(.malformedRequest)),
        chunked(
            "many zeros in front", "\(String(repeating: "0", count: 99))1\r\nx\r\n0\r\n\r\n",
            .accept("POST /t x")),
        chunked("trailers", "0\r\nA: b\r\nC: d\r\n\r\n", .accept("POST /t")),
        chunked("an unfinished chunk", "3\r\nab", .requests([], partial: true)),
        chunked("no size", "\r\n", .refuse(.malformedRequest)),
        chunked("no hex", "x\r\n", .refuse(.malformedRequest)),
        chunked("a prefix", "0x1\r\na\r\n", .refuse(.malformedRequest)),
        chunked("a minus", "-1\r\n", .refuse(.malformedRequest)),
        chunked("a blank in front", " 1\r\na\r\n", .refuse(.malformedRequest)),
        chunked("a bare LF after the size", "1\na\r\n", .refuse(.malformedRequest)),
        chunked("data beyond the size", "1\r\nab\r\n", .refuse(.malformedRequest)),
        chunked("data ended by LF", "1\r\na\n", .refuse(.malformedRequest)),
        chunked("an overflow", "fffffffffffffffff\r\n", .refuse(.contentTooLarge)),
        chunked("a huge chunk", "100001\r\n", .refuse(.contentTooLarge)),
        chunked("a bad trailer", "0\r\nA : b\r\n\r\n", .refuse(.malformedRequest)),
        chunked(
            "a long extension", "1;" + String(repeating: "a", count: 300) + "\r\n",
            .refuse(.malformedRequest)),
        chunked(
            "a great many extensions",
            String(repeating: "1;\(String(repeating: "a", count: 200))\r\nx\r\n", count: 90),
            .refuse(.malformedRequest)),
        chunked(
            "long trailers",
            "0\r\n" + String(repeating: "A: \(String(repeating: "b", count: 500))\r\n", count: 9),
            .refuse(.headerFieldsTooLarge)),
        coding("Chunked", .accept("POST /t")), coding("chunked, ", .accept("POST /t")),
        coding("chunked, chunked", .refuse(.malformedRequest)),
        coding("", .refuse(.malformedRequest)), coding("gzip", .refuse(.malformedRequest)),
        coding("identity", .refuse(.malformedRequest)),
        coding("gzip, chunked", .refuse(.notImplemented)),
        coding("chunked, identity", .refuse(.malformedRequest)),
        coding("chunked, gzip, chunked", .refuse(.malformedRequest)),
        coding("chunked\r\nTransfer-Encoding: chunked", .refuse(.malformedRequest)),
        Case(
            "a transfer coding and a length in 1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            .refuse(.malformedRequest)),
        Case(
            "a transfer coding in 1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .refuse(.malformedRequest)),
    ]

    static let sizes: [Case] = [
        get(
            "the longest target", "/" + String(repeating: "a", count: 8191),
            .accept("GET /" + String(repeating: "a", count: 8191))),
        get(
            "a target one byte too long", "/" + String(repeating: "a", count: 8192),
            .refuse(.uriTooLong)),
        Case(
            "a target without end", "GET /" + String(repeating: "a", count: 9000),
            .refuse(.uriTooLong)),
        .post("100 fields", String(repeating: "A: b\r\n", count: 99), "", .accept("POST /t")),
        .post(
            "101 fields", String(repeating: "A: b\r\n", count: 100), "",
            .refuse(.headerFieldsTooLarge)),
        .post(
            "a field without end", "A: \(String(repeating: "b", count: 17 << 10))", "",
            .refuse(.headerFieldsTooLarge)),
        .post(
            "a large head",
            String(repeating: "A: \(String(repeating: "b", count: 994))\r\n", count: 17),
            "", .refuse(.headerFieldsTooLarge)),
    ]
}
