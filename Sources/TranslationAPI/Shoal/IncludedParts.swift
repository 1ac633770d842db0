/// What an answer holds besides what is always there (`include` of openapi.yaml).
public struct IncludedParts: OptionSet, Sendable {
    /// A bit for each part.
    public let rawValue: Int

    /// The parts of these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// `tokens` of each output.
    public static let tokens = IncludedParts(rawValue: 1)
    /// `score` of each output and sentence, and `logprob` of each token.
    public static let scores = IncludedParts(rawValue: 2)
    /// `timings` of the request.
    public static let timings = IncludedParts(rawValue: 4)
    /// `sentences` of each translation.
    public static let sentences = IncludedParts(rawValue: 8)
    /// `source` of each token: where in the text it was made from.
    public static let alignments = IncludedParts(rawValue: 16)
    /// `detected_language` of each translation.
    public static let language = IncludedParts(rawValue: 32)

    /// The parts by their names, in the order of the document.
    static let named: [(name: String, part: IncludedParts)] = [
        ("tokens", .tokens), ("scores", .scores), ("timings", .timings),
        ("sentences", .sentences), ("alignments", .alignments), ("language", .language),
    ]
}
