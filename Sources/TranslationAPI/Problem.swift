import Decoding
import HTTPTypes
public import HTTPWire
import JSON
public import TranslationService

/// Everything that a request can be answered with instead of a result: the one table from error to
/// status (http.md, "Errors").
public enum ProblemCode: String, Sendable, CaseIterable {
    /// The bytes are no HTTP request.
    case malformedRequest = "malformed_request"
    /// The body is not JSON.
    case invalidJSON = "invalid_json"
    /// A field that does not exist.
    case unknownField = "unknown_field"
    /// A value of another type.
    case wrongType = "wrong_type"
    /// No such path.
    case notFound = "not_found"
    /// No such model.
    case modelNotFound = "model_not_found"
    /// The path exists, the method does not.
    case methodNotAllowed = "method_not_allowed"
    /// No representation that `Accept` allows.
    case notAcceptable = "not_acceptable"
    /// Head or body came too late.
    case requestTimeout = "request_timeout"
    /// Body over the limit.
    case contentTooLarge = "content_too_large"
    /// Target over the limit.
    case uriTooLong = "uri_too_long"
    /// A body of another media type or coding.
    case unsupportedMediaType = "unsupported_media_type"
    /// An expectation that is not known.
    case expectationFailed = "expectation_failed"
    /// A number or name outside its set.
    case outOfRange = "out_of_range"
    /// Fields that exclude or need each other.
    case conflictingOptions = "conflicting_options"
    /// A text over a limit.
    case textTooLong = "text_too_long"
    /// Languages that the model does not translate between.
    case unsupportedLanguagePair = "unsupported_language_pair"
    /// A policy without heads.
    case policyUnavailable = "policy_unavailable"
    /// Head over the limit.
    case headerFieldsTooLarge = "header_fields_too_large"
    /// The model failed on this input.
    case internalError = "internal_error"
    /// A coding that is not implemented.
    case notImplemented = "not_implemented"
    /// The queue is full.
    case overloaded
    /// The model is not loaded yet.
    case notReady = "not_ready"
    /// The server is stopping.
    case shuttingDown = "shutting_down"
    /// The deadline passed.
    case deadlineExceeded = "deadline_exceeded"
    /// A major version other than 1.
    case versionNotSupported = "version_not_supported"

    /// The status that answers it.
    public var status: Int {
        switch self {
        case .malformedRequest, .invalidJSON, .unknownField, .wrongType: 400
        case .notFound, .modelNotFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .contentTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .expectationFailed: 417
        case .outOfRange, .conflictingOptions, .textTooLong, .unsupportedLanguagePair,
            .policyUnavailable:
            422
        case .headerFieldsTooLarge: 431
        case .internalError: 500
        case .notImplemented: 501
        case .overloaded, .notReady, .shuttingDown: 503
        case .deadlineExceeded: 504
        case .versionNotSupported: 505
        }
    }

    /// A short name of the kind, the same for all its occurrences.
    public var title: String {
        switch self {
        case .malformedRequest: "Malformed request"
        case .invalidJSON: "Invalid JSON"
        case .unknownField: "Unknown field"
        case .wrongType: "Wrong type"
        case .notFound: "Not found"
        case .modelNotFound: "Model not found"
        case .methodNotAllowed: "Method not allowed"
        case .notAcceptable: "Not acceptable"
        case .requestTimeout: "Request timeout"
        case .contentTooLarge: "Content too large"
        case .uriTooLong: "URI too long"
        case .unsupportedMediaType: "Unsupported media type"
        case .expectationFailed: "Expectation failed"
        case .outOfRange: "Out of range"
        case .conflictingOptions: "Conflicting options"
        case .textTooLong: "Text too long"
        case .unsupportedLanguagePair: "Unsupported language pair"
        case .policyUnavailable: "Policy unavailable"
        case .headerFieldsTooLarge: "Header fields too large"
        case .internalError: "Internal error"
        case .notImplemented: "Not implemented"
        case .overloaded: "Overloaded"
        case .notReady: "Not ready"
        case .shuttingDown: "Shutting down"
        case .deadlineExceeded: "Deadline exceeded"
        case .versionNotSupported: "Version not supported"
        }
    }
}

/// An answer that is not a result, as RFC 9457 writes it.
public struct Problem: Error, Sendable, Equatable {
    /// Kind.
    public let code: ProblemCode
    /// What is wrong here and what would be right; never the text to be translated.
    public let detail: String
    /// The single faults, where there are several or one has a place.
    public let errors: [FieldProblem]

    /// A problem.
    public init(_ code: ProblemCode, _ detail: String, errors: [FieldProblem] = []) {
        self.code = code
        self.detail = detail
        self.errors = errors
    }

    /// A request that cannot be carried out as it stands; the gravest of its faults gives the code, with
    /// those of form before those of meaning.
    public init(_ invalid: InvalidRequest) {
        let codes = invalid.problems.compactMap { ProblemCode(rawValue: $0.code.rawValue) }
        let code = codes.min { $0.status < $1.status } ?? .outOfRange
        self.init(
            code, invalid.problems.map(\.detail).joined(separator: "; "), errors: invalid.problems)
    }

    /// What HTTP itself forbids.
    public init(_ failure: HTTPFailure) {
        self.init(
            ProblemCode(rawValue: failure.code.rawValue) ?? .malformedRequest, failure.detail)
    }

    /// Why a translation was not made.
    public init(_ error: TranslationError) {
        switch error {
        case .invalid(let invalid): self.init(invalid)
        case .overloaded: self.init(.overloaded, "too many requests are waiting; try again later")
        case .shuttingDown, .cancelled: self.init(.shuttingDown, "the server is shutting down")
        case .deadlineExceeded:
            self.init(.deadlineExceeded, "the request's time ran out before it was translated")
        case .decoding(let error): self.init(.internalError, error.description)
        }
    }

    /// The problem as a response.
    ///
    /// - Parameters:
    ///   - requestID: names the request in logs.
    ///   - route: metrics label.
    /// - Returns: `application/problem+json` with the status of the code.
    public func response(requestID: String, route: String) -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", "/problems/\(code.rawValue)")
        writer.member("title", code.title)
        writer.name("status")
        writer.value(code.status)
        writer.member("code", code.rawValue)
        writer.member("detail", detail)
        writer.member("request_id", requestID)
        writer.name("errors")
        writer.beginArray()
        for error in errors {
            writer.beginObject()
            writer.member("pointer", error.pointer)
            writer.member("code", error.code.rawValue)
            writer.member("detail", error.detail)
            writer.endObject()
        }
        writer.endArray()
        // LibreTranslate's clients read this one.
        writer.member("error", detail)
        writer.endObject()
        var response = ServerResponse(status: code.status, body: writer.bytes, route: route)
        response.fields[.contentType] = "application/problem+json"
        if code.status == 503 { response.fields[.retryAfter] = "1" }
        return response
    }
}

extension JSONWriter {
    /// A member that is a string.
    mutating func member(_ name: String, _ value: String) {
        self.name(name)
        self.value(value)
    }
}
