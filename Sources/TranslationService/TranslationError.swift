public import Decoding

/// One thing wrong with a request: where, what kind, and what would be right.
public struct FieldProblem: Sendable, Equatable {
    /// The kinds, as openapi.yaml names them.
    public enum Code: String, Sendable, CaseIterable {
        /// A number outside its range, a name outside its set, too few or too many items.
        case outOfRange = "out_of_range"
        /// Fields that exclude or need each other.
        case conflictingOptions = "conflicting_options"
        /// A text with more characters or tokens than the limit.
        case textTooLong = "text_too_long"
        /// A pair of languages that the model does not translate between.
        case unsupportedLanguagePair = "unsupported_language_pair"
        /// A policy that the checkpoint has no heads for.
        case policyUnavailable = "policy_unavailable"
        /// A field that does not exist.
        case unknownField = "unknown_field"
        /// A value of another JSON type than the field's.
        case wrongType = "wrong_type"
    }

    /// Kind.
    public let code: Code
    /// JSON pointer (RFC 6901) of the field.
    public let pointer: String
    /// What is wrong and what would be right; never the text to be translated.
    public let detail: String

    /// A problem at a field.
    public init(_ code: Code, _ pointer: String, _ detail: String) {
        self.code = code
        self.pointer = pointer
        self.detail = detail
    }
}

/// A request that cannot be carried out as it stands.
public struct InvalidRequest: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one.
    public let problems: [FieldProblem]

    /// Gathers problems.
    public init(_ problems: [FieldProblem]) {
        self.problems = problems
    }

    /// All details, a line each.
    public var description: String { problems.map(\.detail).joined(separator: "\n") }
}

/// Why a translation was not made.
public enum TranslationError: Error, Sendable, Equatable {
    /// The request itself is at fault.
    case invalid(InvalidRequest)
    /// As many requests are waiting as the queue holds, or more work than can be done before the request's
    /// deadline; it may come again after so many seconds.
    case overloaded(retryAfter: Double)
    /// The service is stopping and takes nothing new.
    case shuttingDown
    /// The deadline passed, waiting or decoding.
    case deadlineExceeded
    /// Nobody waits for it any more.
    case cancelled
    /// The network failed on this input.
    case decoding(DecodingError)
}
