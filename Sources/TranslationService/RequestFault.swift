/// What a request can be told about: the names that others give these are theirs.
public enum RequestParameter: Sendable, Hashable, CaseIterable {
    /// The texts, or one of them.
    case text
    /// `DecodingOptions.beamSize`.
    case beamSize
    /// Outputs beside the best.
    case alternatives
    /// `DecodingOptions.lengthPenalty`.
    case lengthPenalty
    /// `DecodingOptions.minimumTokens`.
    case minimumTokens
    /// `DecodingOptions.maximumTokens`.
    case maximumTokens
    /// `DecodingOptions.repetitionPenalty`.
    case repetitionPenalty
    /// `DecodingOptions.noRepeatNgramSize`.
    case noRepeatNgramSize
    /// `DecodingOptions.usesShortlist`.
    case shortlist
    /// `ExitOptions.policy`.
    case policy
    /// `ExitOptions.layer`.
    case layer
    /// `ExitOptions.threshold`.
    case threshold
    /// `ExitOptions.profile`.
    case profile
    /// `ExitOptions.candidates`.
    case candidates
    /// `ExitOptions.drafts`.
    case drafts
    /// `ExitOptions.guarantee`.
    case guarantee
    /// `ExitOptions.minimumLayer`.
    case minimumLayer
    /// `ExitOptions.maximumLayer`.
    case maximumLayer
}

/// One thing wrong with a request: what kind, where, and what would be right.
public struct RequestFault: Sendable, Equatable {
    /// The kinds.
    public enum Kind: Sendable, CaseIterable {
        /// A number outside its range, a name outside its set.
        case outOfRange
        /// Parameters that exclude or need each other.
        case conflictingOptions
        /// A text with more tokens than the limit.
        case textTooLong
        /// A policy that the checkpoint has no heads for.
        case policyUnavailable
        /// A shortlist that the checkpoint does not have.
        case shortlistUnavailable
    }

    /// Kind.
    public let kind: Kind
    /// Where.
    public let parameter: RequestParameter
    /// Which one of several texts; nil where there is one.
    public let index: Int?
    private let explanation: Explanation

    /// A fault.
    init(
        _ kind: Kind, _ parameter: RequestParameter, index: Int? = nil, _ explanation: Explanation
    ) {
        self.kind = kind
        self.parameter = parameter
        self.index = index
        self.explanation = explanation
    }

    /// What is wrong and what would be right; never the text to be translated.
    ///
    /// - Parameter name: how the reader calls a parameter.
    /// - Returns: a sentence without its stop.
    public func detail(naming name: (RequestParameter) -> String) -> String {
        explanation.parts.reduce(into: "") { text, part in
            switch part {
            case .words(let words): text += words
            case .parameter(let parameter): text += name(parameter)
            }
        }
    }
}

/// A sentence about parameters that does not say yet how they are called.
struct Explanation: Sendable, Equatable, ExpressibleByStringInterpolation {
    enum Part: Sendable, Equatable {
        case words(String)
        case parameter(RequestParameter)
    }

    let parts: [Part]

    struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { parts.append(.words(literal)) }

        mutating func appendInterpolation(_ parameter: RequestParameter) {
            parts.append(.parameter(parameter))
        }

        mutating func appendInterpolation(_ words: String) { parts.append(.words(words)) }

        mutating func appendInterpolation(_ number: Int) { parts.append(.words(String(number))) }

        mutating func appendInterpolation(_ number: Double) {
            parts.append(.words(String(number)))
        }
    }

    init(stringLiteral text: String) { parts = [.words(text)] }

    init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }
}

/// A request that cannot be carried out as it stands.
public struct InvalidRequest: Error, Sendable, Equatable {
    /// At least one.
    public let faults: [RequestFault]

    /// Gathers faults.
    public init(_ faults: [RequestFault]) {
        self.faults = faults
    }

    /// All details, a line each.
    ///
    /// - Parameter name: how the reader calls a parameter.
    /// - Returns: the lines.
    public func text(naming name: (RequestParameter) -> String) -> String {
        faults.map { $0.detail(naming: name) }.joined(separator: "\n")
    }
}
