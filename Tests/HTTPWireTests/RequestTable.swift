import HTTPWire
import Testing

/// Requests with the verdict that RFC 9110, RFC 9112 and the limits demand.
struct Case: Sendable, CustomTestStringConvertible {
    let what: String
    let bytes: [UInt8]
    let verdict: Verdict

    init(_ what: String, _ text: String, _ verdict: Verdict) {
        self.what = what
        bytes = Array(text.utf8)
        self.verdict = verdict
    }

    var testDescription: String { what }

    /// A request with the usual line and Host, these field lines and this body.
    static func post(_ what: String, _ fields: String, _ body: String, _ verdict: Verdict) -> Case {
        Case(what, "POST /t HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\(body)", verdict)
    }

    static func get(_ what: String, _ target: String, _ verdict: Verdict) -> Case {
        Case(what, "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n", verdict)
    }

    static func host(_ value: String, _ verdict: Verdict) -> Case {
        Case("Host \(value)", "GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n", verdict)
    }

    static let all = lines + targets + fields + lengths + chunks + sizes

    static let lines = [
        Case("a minimal request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", .accept("GET /")),
        Case("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", .accept("GET /")),
        Case("a higher minor version", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", .accept("GET /")),
        Case("one blank line in front", "\r\nGET / HTTP/1.0\r\n\r\n", .accept("GET /")),
        Case("an unknown method", "BREW / HTTP/1.0\r\n\r\n", .accept("BREW /")),
        Case("nothing", "", .requests([], partial: false)),
        Case("half a head", "GET / HTTP/1.1\r\nHo", .requests([], partial: true)),
        Case(
            "two requests", "GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
            .accept("GET /a", "GET /b")),
        Case(
            "a bad second request", "GET /a HTTP/1.0\r\n\r\nGET\r\n",
            .failure(after: 1, .malformedRequest)),
        Case(
            "two blank lines in front", "\r\n\r\nGET / HTTP/1.0\r\n\r\n", .refuse(.malformedRequest)
        ),
        Case("a method in lower case", "get / HTTP/1.0\r\n\r\n", .accept("get /")),
        Case(
            "white space before the first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
            .refuse(.malformedRequest)),
        Case(
            "a blank line of white space", "GET / HTTP/1.1\r\n \r\nHost: x\r\n\r\n",
            .refuse(.malformedRequest)),
        Case("a version of two digits", "GET / HTTP/1.10\r\n\r\n", .refuse(.malformedRequest)),
        Case("a version without a dot", "GET / HTTP/11\r\n\r\n", .refuse(.malformedRequest)),
        Case("a bare CR in the target", "GET /a\rb HTTP/1.0\r\n\r\n", .refuse(.malformedRequest)),
        Case("a bare LF", "GET / HTTP/1.0\n\n", .refuse(.malformedRequest)),
        Case("a bare CR", "GET / HTTP/1.0\rX\r\n\r\n", .refuse(.malformedRequest)),
        Case("CR CR LF", "GET / HTTP/1.0\r\r\n\r\n", .refuse(.malformedRequest)),
        Case("two spaces", "GET  / HTTP/1.0\r\n\r\n", .refuse(.malformedRequest)),
        Case("a tab for a space", "GET\t/ HTTP/1.0\r\n\r\n", .refuse(.malformedRequest)),
        Case("a space at the end", "GET / HTTP/1.0 \r\n\r\n", .refuse(.malformedRequest)),
        Case("no version", "GET /\r\n\r\n", .refuse(.malformedRequest)),
        Case("a version in lower case", "GET / http/1.0\r\n\r\n", .refuse(.malformedRequest)),
        Case("a method that is no token", "G(T / HTTP/1.0\r\n\r\n", .refuse(.malformedRequest)),
        Case("the start of a TLS handshake", "\u{16}\u{3}\u{1}", .refuse(.malformedRequest)),
        Case(
            "the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .refuse(.versionNotSupported)),
        Case("HTTP/0.9 by name", "GET / HTTP/0.9\r\n\r\n", .refuse(.versionNotSupported)),
        Case(
            "a method longer than any", String(repeating: "A", count: 33) + " / HTTP/1.0\r\n\r\n",
            .refuse(.notImplemented)),
        Case("CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", .refuse(.notImplemented)),
    ]

    static let targets: [Case] = [
        get("a query", "/a?b=%20&c", .accept("GET /a ?b=%20&c")),
        get("an encoded path", "/%C3%A9%2f", .accept("GET /é/")),
        get("an absolute URI", "http://y:80/a?b", .accept("GET /a ?b")),
        get("an absolute URI without path", "HTTP://y?b", .accept("GET / ?b")),
        get("an absolute https URI", "https://y/a", .accept("GET /a")),
        Case(
            "an absolute URI and no Host", "GET http://y/ HTTP/1.1\r\n\r\n",
            .refuse(.malformedRequest)),
        Case(
            "an absolute URI and a bad Host", "GET http://y/ HTTP/1.1\r\nHost: a b\r\n\r\n",
            .refuse(.malformedRequest)),
        get("an authority with GET", "y:80", .refuse(.malformedRequest)),
        Case("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", .accept("OPTIONS *")),
        get("an asterisk with GET", "*", .refuse(.malformedRequest)),
        get("no slash", "a", .refuse(.malformedRequest)),
        get("a fragment", "/a#b", .refuse(.malformedRequest)),
        get("half an escape", "/%4", .refuse(.malformedRequest)),
        get("no hex digits", "/%zz", .refuse(.malformedRequest)),
        get("a bad escape in the query", "/?%", .refuse(.malformedRequest)),
        get("an escape that is not UTF-8", "/%ff", .refuse(.malformedRequest)),
        get("a raw é", "/é", .refuse(.malformedRequest)),
        get("a quote", "/\"", .refuse(.malformedRequest)),
        get("another scheme", "ftp://y/a", .refuse(.malformedRequest)),
        get("an absolute URI without host", "http:///a", .refuse(.malformedRequest)),
        get("user information", "http://u@y/a", .refuse(.malformedRequest)),
    ]

    static let fields: [Case] = [
        host("example.org", .accept("GET /")), host("example.org:8080", .accept("GET /")),
        host("[::1]:80", .accept("GET /")), host("127.0.0.1:", .accept("GET /")),
        host("a%41", .accept("GET /")), host("", .refuse(.malformedRequest)),
        host("a b", .refuse(.malformedRequest)), host("a:b", .refuse(.malformedRequest)),
        host("a:65536", .refuse(.malformedRequest)), host("a,b", .accept("GET /")),
        host("[::1", .refuse(.malformedRequest)), host("[]", .refuse(.malformedRequest)),
        host("a/b", .refuse(.malformedRequest)), host("a%4", .refuse(.malformedRequest)),
        host("u@x", .refuse(.malformedRequest)), host("x, y", .refuse(.malformedRequest)),
        .post("Host twice", "Host: x\r\n", "", .refuse(.malformedRequest)),
        Case("no Host", "GET / HTTP/1.1\r\n\r\n", .refuse(.malformedRequest)),
        Case(
            "a bad Host in 1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", .refuse(.malformedRequest)),
        .post("an empty value", "A:\r\n", "", .accept("POST /t")),
        .post("blanks around a value", "A: \t b \t\r\n", "", .accept("POST /t")),
        .post("obs-text", "A: é\r\n", "", .accept("POST /t")),
        .post("names in another case", "cONTENT-lENGTH: 3\r\n", "abc", .accept("POST /t abc")),
        .post("a bare CR in a value", "A: b\rc\r\n", "", .refuse(.malformedRequest)),
        .post("a bare LF in a value", "A: b\nc\r\n", "", .refuse(.malformedRequest)),
        .post("obs-fold", "A: b\r\n c\r\n", "", .refuse(.malformedRequest)),
        .post("a space before the colon", "A : b\r\n", "", .refuse(.malformedRequest)),
        .post("no colon", "A\r\n", "", .refuse(.malformedRequest)),
        .post("no name", ": b\r\n", "", .refuse(.malformedRequest)),
        .post("a name that is no token", "A@: b\r\n", "", .refuse(.malformedRequest)),
        .post("NUL in a value", "A: b\u{0}\r\n", "", .refuse(.malformedRequest)),
        .post("DEL in a value", "A: b\u{7F}\r\n", "", .refuse(.malformedRequest)),
        .post("another expectation", "Expect: tea\r\n", "", .refuse(.expectationFailed)),
        Case(
            "100-continue in 1.0",
            "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
            .accept("POST / abc")),
        .post("100-continue", "Expect: 100-Continue\r\n", "", .accept("POST /t")),
    ]

    static let lengths: [Case] = [
        .post("a body", "Content-Length: 3\r\n", "abc", .accept("POST /t abc")),
        .post("zeros in front", "Content-Length: 003\r\n", "abc", .accept("POST /t abc")),
        .post(
            "half a body", "Content-Length: 3\r\n", "ab", .requests([], partial: true)),
        .post("no framing", "", "abc", .requests(["POST /t"], partial: true)),
        .post(
            "two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n", "abc",
            .refuse(.malformedRequest)),
        .post("a list of lengths", "Content-Length: 3, 4\r\n", "abc", .refuse(.malformedRequest)),
        .post("a plus", "Content-Length: +3\r\n", "abc", .refuse(.malformedRequest)),
        .post("a minus", "Content-Length: -1\r\n", "", .refuse(.malformedRequest)),
        .post("hex", "Content-Length: 0x3\r\n", "abc", .refuse(.malformedRequest)),
        .post("no number", "Content-Length:\r\n", "", .refuse(.malformedRequest)),
        .post("a list", "Content-Length: 3, 3\r\n", "abc", .refuse(.malformedRequest)),
        .post(
            "equal lengths twice", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc",
            .refuse(.malformedRequest)),
        .post(
            "both framings", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n",
            .refuse(.malformedRequest)),
        .post("too long", "Content-Length: 1048577\r\n", "", .refuse(.contentTooLarge)),
        .post(
            "a length beyond 64 bits", "Content-Length: 99999999999999999999\r\n", "",
            .refuse(.contentTooLarge)),
    ]
}
