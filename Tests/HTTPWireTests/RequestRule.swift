/// A demand of RFC 9110 or RFC 9112 on a server that reads requests, with the cases that hold it.
struct RequestRule: Sendable {
    let clause: String
    let demand: String
    /// Names of cases of the request table.
    let cases: [String]

    init(_ clause: String, _ demand: String, _ cases: [String]) {
        self.clause = clause
        self.demand = demand
        self.cases = cases
    }

    /// The row of the table in docs/http-conformance.md.
    var row: String { "| \(clause) | \(demand) | \(cases.joined(separator: "; ")) |" }

    static let all = lines + hosts + framing + chunks + semantics

    private static let lines = [
        RequestRule(
            "RFC 9112 §2.2", "Messages MUST be parsed as octets, not as text",
            ["a raw é", "obs-text", "an escape that is not UTF-8"]),
        RequestRule(
            "RFC 9112 §2.2", "A bare CR MUST make the element invalid, or become a space",
            [
                "a bare CR", "CR CR LF", "a bare CR in the target", "a bare CR in a value",
                "chunked: a bare CR in an extension", "chunked: a bare CR in a trailer",
            ]),
        RequestRule(
            "RFC 9112 §2.2",
            "White space between the request line and the first field MUST be refused or skipped",
            ["white space before the first field", "a blank line of white space"]),
        RequestRule(
            "RFC 9112 §2.2", "At least one blank line before a request SHOULD be ignored",
            ["one blank line in front"]),
        RequestRule(
            "RFC 9112 §2.2", "What is no HTTP message SHOULD be answered with 400",
            ["the start of a TLS handshake", "a bad second request"]),
        RequestRule(
            "RFC 9112 §2.3", "The version is case-sensitive and has two digits",
            [
                "a version in lower case", "a version of two digits", "a version without a dot",
                "no version",
            ]),
        RequestRule(
            "RFC 9112 §3", "An invalid request line SHOULD be answered with 400",
            ["two spaces", "a tab for a space", "a space at the end", "a method that is no token"]),
        RequestRule(
            "RFC 9112 §3", "A method longer than any implemented one SHOULD be answered with 501",
            ["a method longer than any"]),
        RequestRule(
            "RFC 9112 §3", "A target that is too long MUST be answered with 414",
            ["a target one byte too long", "a target without end"]),
        RequestRule(
            "RFC 9112 §5.1", "White space before the colon MUST be answered with 400",
            ["a space before the colon", "chunked: a bad trailer"]),
        RequestRule(
            "RFC 9112 §5.2", "obs-fold MUST be answered with 400 or become spaces",
            ["obs-fold", "chunked: an obs-fold in a trailer"]),
    ]

    private static let hosts = [
        RequestRule(
            "RFC 9112 §3.2", "A request of HTTP/1.1 without Host MUST be answered with 400",
            ["no Host", "an absolute URI and no Host"]),
        RequestRule(
            "RFC 9112 §3.2", "More than one Host MUST be answered with 400", ["Host twice"]),
        RequestRule(
            "RFC 9112 §3.2", "An invalid Host MUST be answered with 400",
            [
                "Host a b", "Host a:b", "Host a:65536", "Host [::1", "Host a/b", "Host u@x",
                "Host x, y", "a bad Host in 1.0", "an absolute URI and a bad Host",
            ]),
        RequestRule(
            "RFC 9112 §3.2.2", "The absolute form MUST be accepted",
            ["an absolute URI", "an absolute URI without path", "an absolute https URI"]),
        RequestRule(
            "RFC 9112 §3.2.3", "The authority form is for CONNECT only",
            ["an authority with GET", "CONNECT"]),
        RequestRule(
            "RFC 9112 §3.2.4", "The asterisk form is for OPTIONS only",
            ["OPTIONS *", "an asterisk with GET"]),
        RequestRule(
            "RFC 9110 §4.2.4", "User information in a URI SHOULD be an error",
            ["user information"]),
    ]

    private static let framing = [
        RequestRule(
            "RFC 9112 §6.1", "HTTP/1.0 with Transfer-Encoding MUST count as faulty framing",
            ["a transfer coding in 1.0", "a transfer coding and a length in 1.0"]),
        RequestRule(
            "RFC 9112 §6.1", "A transfer coding that is not understood SHOULD be answered with 501",
            ["the coding gzip, chunked"]),
        RequestRule(
            "RFC 9112 §6.1", "Both framings MAY be refused, and the connection MUST close",
            ["both framings"]),
        RequestRule(
            "RFC 9112 §6.3",
            "A transfer coding that does not end in chunked MUST be answered with 400",
            ["the coding gzip", "the coding identity", "the coding chunked, identity"]),
        RequestRule(
            "RFC 9112 §6.1", "chunked MUST NOT be applied twice",
            ["the coding chunked, chunked", "the coding chunked, gzip, chunked"]),
        RequestRule(
            "RFC 9112 §7", "Names of transfer codings are case-insensitive",
            ["the coding Chunked"]),
        RequestRule(
            "RFC 9112 §6.3", "An invalid Content-Length MUST be answered with 400",
            ["a plus", "a minus", "hex", "no number", "two lengths", "a list of lengths"]),
        RequestRule(
            "RFC 9112 §6.3", "Without either framing the length is zero", ["no framing"]),
        RequestRule(
            "RFC 9112 §6.3", "A valid Content-Length is the length", ["a body", "half a body"]),
        RequestRule(
            "RFC 9110 §8.6", "A Content-Length of any size MUST NOT overflow",
            ["a length beyond 64 bits", "zeros in front"]),
    ]

    private static let chunks = [
        RequestRule(
            "RFC 9112 §7.1", "The chunked coding MUST be decoded",
            ["chunked: chunks", "chunked: no chunks", "chunked: hex in both cases"]),
        RequestRule(
            "RFC 9112 §7.1", "A chunk size of any length MUST NOT overflow",
            ["chunked: an overflow", "chunked: many zeros in front"]),
        RequestRule(
            "RFC 9112 §7.1.1", "Unrecognized extensions MUST be ignored",
            [
                "chunked: extensions", "chunked: blanks around an extension",
                "chunked: an escape in quotes",
            ]),
        RequestRule(
            "RFC 9112 §7.1.1", "The total length of extensions ought to be limited",
            ["chunked: a long extension", "chunked: a great many extensions"]),
        RequestRule(
            "RFC 9112 §7.1.2", "Trailers may be discarded", ["chunked: trailers"]),
    ]

    private static let semantics = [
        RequestRule(
            "RFC 9110 §2.5", "A higher minor version is served as the highest known",
            ["a higher minor version"]),
        RequestRule(
            "RFC 9110 §5.1", "Field names are case-insensitive", ["names in another case"]),
        RequestRule(
            "RFC 9110 §5.5", "CR, LF and NUL in a value MUST be refused or become spaces",
            ["NUL in a value", "a bare CR in a value", "a bare LF in a value"]),
        RequestRule(
            "RFC 9110 §9.1", "Methods are case-sensitive tokens",
            ["a method in lower case", "an unknown method"]),
        RequestRule(
            "RFC 9110 §10.1.1", "Another expectation may be answered with 417",
            ["another expectation"]),
        RequestRule(
            "RFC 9110 §10.1.1", "100-continue from HTTP/1.0 MUST be ignored",
            ["100-continue in 1.0"]),
        RequestRule(
            "RFC 9110 §15.6.6", "A major version that is not served is answered with 505",
            ["the HTTP/2 preface", "HTTP/0.9 by name"]),
    ]
}
