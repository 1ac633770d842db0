/// Tags of languages, as clients write them: `de`, `de-AT`, `DE_at`.
enum LanguageTag {
    /// Whether who asks for a language is served by another: lookup (RFC 4647 §3.4), which takes subtags off the end of what is
    /// asked for until it is what there is.
    ///
    /// - Parameters:
    ///   - asked: a tag, in any case, with hyphens or underscores.
    ///   - own: the tag that there is.
    /// - Returns: whether it is found.
    static func lookup(_ asked: String, finds own: String) -> Bool {
        let asked = subtags(asked)
        let own = subtags(own)
        return asked.starts(with: own)
    }

    private static func subtags(_ tag: String) -> [Substring] {
        tag.lowercased().split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "_" }
    }
}
