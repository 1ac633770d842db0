import TranslationService

/// One thing wrong with a body: where, what kind, and what would be right.
struct FieldProblem: Sendable, Equatable {
    /// The kinds, as openapi.yaml names them.
    enum Code: String, Sendable, CaseIterable {
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
        /// A shortlist that the checkpoint does not have.
        case shortlistUnavailable = "shortlist_unavailable"
        /// A field that does not exist.
        case unknownField = "unknown_field"
        /// A value of another JSON type than the field's.
        case wrongType = "wrong_type"
    }

    /// Kind.
    let code: Code
    /// JSON pointer (RFC 6901) of the field.
    let pointer: String
    /// What is wrong and what would be right; never the text to be translated.
    let detail: String

    /// A problem at a field.
    init(_ code: Code, _ pointer: String, _ detail: String) {
        self.code = code
        self.pointer = pointer
        self.detail = detail
    }

    /// What the service found wrong, at the field that the parameter came in.
    init(_ fault: RequestFault) {
        code =
            switch fault.kind {
            case .outOfRange: .outOfRange
            case .conflictingOptions: .conflictingOptions
            case .textTooLong: .textTooLong
            case .policyUnavailable: .policyUnavailable
            case .shortlistUnavailable: .shortlistUnavailable
            }
        pointer = fault.parameter.pointer + (fault.index.map { "/\($0)" } ?? "")
        detail = fault.detail { "`\($0.path)`" }
    }
}

extension RequestParameter {
    /// JSON pointer of the field in the body of POST /translate: the one table from parameter to field.
    fileprivate var pointer: String {
        switch self {
        case .text: "/text"
        case .beamSize: "/beam_size"
        case .alternatives: "/alternatives"
        case .lengthPenalty: "/length_penalty"
        case .minimumTokens: "/min_output_tokens"
        case .maximumTokens: "/max_output_tokens"
        case .repetitionPenalty: "/repetition_penalty"
        case .noRepeatNgramSize: "/no_repeat_ngram_size"
        case .shortlist: "/shortlist"
        case .policy: "/exit/policy"
        case .layer: "/exit/layer"
        case .threshold: "/exit/threshold"
        case .profile: "/exit/profile"
        case .candidates: "/exit/candidates"
        case .drafts: "/exit/drafts"
        case .guarantee: "/exit/guarantee"
        case .minimumLayer: "/exit/min_layer"
        case .maximumLayer: "/exit/max_layer"
        }
    }

    /// The same as messages write it: `exit.min_layer`.
    fileprivate var path: String { String(pointer.dropFirst()).replacing("/", with: ".") }
}
