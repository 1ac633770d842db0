/// Everything that a request can be answered with instead of a result: the one table from error to
/// status (openapi.yaml, `Problem`).
enum ProblemCode: String, Sendable, CaseIterable {
    /// The bytes are no HTTP request.
    case malformedRequest = "malformed_request"
    /// The body is not JSON.
    case invalidJSON = "invalid_json"
    /// A field that does not exist.
    case unknownField = "unknown_field"
    /// A value of another type.
    case wrongType = "wrong_type"
    /// No key that is known here.
    case unauthorized
    /// No such path.
    case notFound = "not_found"
    /// No such model.
    case modelNotFound = "model_not_found"
    /// No such glossary.
    case glossaryNotFound = "glossary_not_found"
    /// No such translated file, or not any more.
    case fileNotFound = "file_not_found"
    /// What the interface has a path for and this server does not do.
    case notOffered = "not_offered"
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
    /// A shortlist that there is none of.
    case shortlistUnavailable = "shortlist_unavailable"
    /// As much is kept for clients as the server keeps.
    case quotaExceeded = "quota_exceeded"
    /// More requests than the key's rate allows.
    case rateLimited = "rate_limited"
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
    /// The model that the request needs is being read, and nobody waits for that.
    case modelLoading = "model_loading"
    /// The model that the request needs cannot be read, or there is no room for it.
    case modelUnavailable = "model_unavailable"
    /// The key is known, and not good for this.
    case forbidden
    /// What is asked for does not go with the state of what it is asked of.
    case conflict
    /// The server is stopping.
    case shuttingDown = "shutting_down"
    /// The deadline passed.
    case deadlineExceeded = "deadline_exceeded"
    /// A major version other than 1.
    case versionNotSupported = "version_not_supported"

    /// The status that answers it.
    var status: Int {
        switch self {
        case .malformedRequest, .invalidJSON, .unknownField, .wrongType: 400
        case .unauthorized: 401
        case .notOffered, .forbidden: 403
        case .notFound, .modelNotFound, .glossaryNotFound, .fileNotFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .conflict: 409
        case .contentTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .expectationFailed: 417
        case .outOfRange, .conflictingOptions, .textTooLong, .unsupportedLanguagePair,
            .policyUnavailable, .shortlistUnavailable:
            422
        case .rateLimited: 429
        case .headerFieldsTooLarge: 431
        // As DeepL has it.
        case .quotaExceeded: 456
        case .internalError: 500
        case .notImplemented: 501
        case .overloaded, .notReady, .modelLoading, .modelUnavailable, .shuttingDown: 503
        case .deadlineExceeded: 504
        case .versionNotSupported: 505
        }
    }

    /// A short name of the kind, the same for all its occurrences.
    var title: String {
        switch self {
        case .malformedRequest: "Malformed request"
        case .invalidJSON: "Invalid JSON"
        case .unknownField: "Unknown field"
        case .wrongType: "Wrong type"
        case .unauthorized: "Unauthorized"
        case .notFound: "Not found"
        case .modelNotFound: "Model not found"
        case .glossaryNotFound: "Glossary not found"
        case .fileNotFound: "File not found"
        case .notOffered: "Not offered"
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
        case .shortlistUnavailable: "Shortlist unavailable"
        case .quotaExceeded: "Quota exceeded"
        case .rateLimited: "Rate limited"
        case .headerFieldsTooLarge: "Header fields too large"
        case .internalError: "Internal error"
        case .notImplemented: "Not implemented"
        case .overloaded: "Overloaded"
        case .notReady: "Not ready"
        case .modelLoading: "Model loading"
        case .modelUnavailable: "Model unavailable"
        case .forbidden: "Forbidden"
        case .conflict: "Conflict"
        case .shuttingDown: "Shutting down"
        case .deadlineExceeded: "Deadline exceeded"
        case .versionNotSupported: "Version not supported"
        }
    }
}
