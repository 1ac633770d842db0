/// Compiled regular expressions, which belong to one thread.
struct Patterns {
    private let expressions: [Regex<AnyRegexOutput>]

    /// Compiles them; the options were checked.
    init(_ patterns: [String]) { expressions = patterns.compactMap { try? Regex($0) } }

    func match(_ pair: SentencePair) -> Bool {
        expressions.contains { pair.source.contains($0) || pair.target.contains($0) }
    }
}

extension FilterOptions {
    /// The first pattern that is no regular expression.
    public var faultyPattern: String? { patterns.first { (try? Regex($0)) == nil } }
}
