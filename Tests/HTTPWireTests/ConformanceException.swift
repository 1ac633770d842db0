/// A published case on which our verdict is not its authors', with the clause that backs ours.
struct ConformanceException: Sendable {
    let name: String
    /// As `Reading` describes it.
    let verdict: String
    let clause: String
    let why: String

    /// The row of the table in docs/http-conformance.md.
    var row: String { "| \(name) | \(verdict) | \(clause) | \(why) |" }

    static let all = llhttp + gunicorn

    private static let llhttp =
        rows(
            of: "llhttp", "1 served, then refused with 400", "RFC 9112 §2.2",
            "one blank line in front of a request is ignored, and here two come",
            ["connection: keep-alive / CRLF between requests, implicit keep-alive"])
        + rows(
            of: "llhttp", "1 served, then an incomplete one", "RFC 9110 §7.8",
            "Upgrade is ignored, so what follows is read as the next request",
            [
                "connection: Parsing multiple tokens / Multiple tokens with folding and LWS",
                "connection: upgrade / Emitting part of body and pausing",
                "connection: upgrade / Upgrade GET request",
                "connection: upgrade / Upgrade POST request",
            ])
        + rows(
            of: "llhttp", "1 served, then nothing more", "RFC 9110 §7.8",
            "Upgrade is ignored, and nothing follows",
            ["connection: upgrade / Setting a flag and pausing"])
        + rows(
            of: "llhttp", "an incomplete one", "RFC 9112 §2.1",
            "a line is judged when its CRLF has come, and the framing with the whole head",
            [
                "content-length: Error on Content-Length overflow",
                "content-length: Error on duplicate Content-Length",
                "invalid: Invalid HTTP version", "invalid: Invalid space after start line",
            ])
        + rows(
            of: "llhttp", "1 served, then nothing more", "RFC 9110 §9.1",
            "any token is a method; the routes answer 405 to one that they lack",
            ["invalid: HTTP protocol and ANNOUNCE method", "invalid: Invalid method"])
        + rows(
            of: "llhttp", "refused with 501", "RFC 9110 §9.3.6",
            "an origin server need not implement CONNECT",
            [
                "method: CONNECT request", "method: CONNECT request with CAPS",
                "method: CONNECT with body", "uri: Underscore in hostname",
            ])
        + rows(
            of: "llhttp", "refused with 400", "RFC 9112 §3.2.4",
            "only OPTIONS may have an asterisk for a target",
            ["method: M-SEARCH request", "method: PRI request HTTP2"])
        + rows(
            of: "llhttp", "refused with 400", "RFC 9112 §2.3", "the protocol is not HTTP",
            [
                "method: SOURCE request with ICE", "method: OPTIONS request with RTSP",
                "method: ANNOUNCE request with RTSP",
            ])
        + rows(
            of: "llhttp", "refused with 400", "RFC 9112 §3", "HTTP/0.9 is not spoken",
            ["sample: No HTTP version"])
        + rows(
            of: "llhttp", "refused with 400", "RFC 9112 §3.2",
            "a fragment is no part of a request target",
            [
                "transfer-encoding: POST with chunked as last transfer-encoding",
                "transfer-encoding: POST with chunked as last transfer-encoding (multiple headers)",
                "uri: Fragment in URI",
            ])
        + rows(
            of: "llhttp", "refused with 400", "RFC 3986 §2",
            "a URI must encode this character",
            ["uri: Quotes in URI", "uri: Query URL with vertical bar character"])
        + rows(
            of: "llhttp", "refused with 400", "RFC 9110 §4.2.4",
            "user information in a URI from outside is an error",
            ["uri: host:port and basic auth"])

    private static let gunicorn =
        rows(
            of: "gunicorn", "1 served, then nothing more", "RFC 9110 §9.1",
            "any token is a method; the routes answer 405 to one that they lack",
            ["invalid/003c"])
        + rows(
            of: "gunicorn", "1 served, then nothing more", "RFC 9112 §3",
            "our limit on the target is larger, 8 KiB", ["invalid/006"])
        + rows(
            of: "gunicorn", "1 served, then nothing more", "RFC 9110 §5.4",
            "our limit on the head is larger, 16 KiB",
            ["invalid/007", "invalid/008", "invalid/017"])
        + rows(
            of: "gunicorn", "1 served, then nothing more", "RFC 9110 §8.3",
            "two media types concern the route, not the framing",
            ["invalid/041"])
        + rows(
            of: "gunicorn", "1 served, then nothing more", "RFC 9110 §6.5.1",
            "trailers are dropped, so none can take the place of a field",
            [
                "invalid/rfc9110_trailer_forbidden_cl_01",
                "invalid/rfc9110_trailer_forbidden_host_01",
                "invalid/rfc9110_trailer_forbidden_te_01",
            ])
        + rows(
            of: "gunicorn", "refused with 400", "RFC 9112 §3.2",
            "a fragment is no part of a request target", ["valid/005", "valid/009"])
        + rows(
            of: "gunicorn", "refused with 400", "RFC 3986 §2",
            "a URI must encode this character", ["valid/014", "valid/027"])
        + rows(
            of: "gunicorn", "refused with 431", "RFC 6585 §5",
            "target and field together are larger than our limit on the head, 16 KiB", ["valid/024"]
        )
        + rows(
            of: "gunicorn", "refused with 501", "RFC 9112 §6.1",
            "the only transfer coding that we implement is chunked",
            [
                "valid/025", "valid/025_line", "valid/029", "valid/030",
                "valid/rfc9112_smuggle_gzip_chunked_01",
                "valid/rfc9112_smuggle_te_identity_chunked_01",
            ])
        + rows(
            of: "gunicorn", "an incomplete one", "RFC 9112 §8",
            "the body is shorter than its Content-Length", ["valid/099"])
        + rows(
            of: "gunicorn", "refused with 400", "RFC 9110 §4.2.4",
            "user information in a URI from outside is an error",
            ["valid/rfc9112_target_absolute_userinfo_01"])
        + rows(
            of: "gunicorn", "refused with 501", "RFC 9110 §9.3.6",
            "an origin server need not implement CONNECT",
            ["valid/rfc9112_target_authority_connect_01", "valid/rfc9112_target_authority_ipv6_01"])

    private static func rows(
        of list: String, _ verdict: String, _ clause: String, _ why: String, _ names: [String]
    ) -> [ConformanceException] {
        names.map {
            ConformanceException(
                name: "\(list) \($0)", verdict: verdict, clause: clause, why: why)
        }
    }
}
