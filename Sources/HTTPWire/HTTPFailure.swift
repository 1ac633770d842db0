/// A request that HTTP itself forbids or that exceeds a limit; the connection closes after it.
public struct HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is, as the error table of the HTTP contract spells it.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes are no HTTP/1.1 request (400).
        case malformedRequest = "malformed_request"
        /// Head or body did not arrive in time (408).
        case requestTimeout = "request_timeout"
        /// The body is larger than the limit (413).
        case contentTooLarge = "content_too_large"
        /// The request target is longer than the limit (414).
        case uriTooLong = "uri_too_long"
        /// An expectation other than 100-continue (417).
        case expectationFailed = "expectation_failed"
        /// Head or trailer section is larger than the limit (431).
        case headerFieldsTooLarge = "header_fields_too_large"
        /// A transfer coding or a method that needs a tunnel (501).
        case notImplemented = "not_implemented"
        /// A major version other than 1 (505).
        case versionNotSupported = "version_not_supported"
    }

    /// What kind of failure it is.
    public let code: Code
    /// One sentence for the client; it never repeats bytes of the request.
    public let detail: String

    /// A failure of a kind, with the fact behind it.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// The status code that answers it.
    public var status: Int {
        switch code {
        case .malformedRequest: 400
        case .requestTimeout: 408
        case .contentTooLarge: 413
        case .uriTooLong: 414
        case .expectationFailed: 417
        case .headerFieldsTooLarge: 431
        case .notImplemented: 501
        case .versionNotSupported: 505
        }
    }

    /// Status, code and detail on one line.
    public var description: String { "\(status) \(code.rawValue): \(detail)" }

    static func malformed(_ detail: String) -> HTTPFailure {
        HTTPFailure(.malformedRequest, detail)
    }
}
