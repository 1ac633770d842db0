/// A language, as BCP 47 writes it: `de`, `de-AT`, `zh-Hant`, `sr-Latn-RS`.
///
/// A tag is canonical however it was written: `DE`, `deu`, `ger` and `de` are one, `iw` is `he`, `EN_gb` is `en-GB`. Equality is that
/// of canonical tags; whether one serves for another is `matches`.
public struct LanguageTag: Hashable, Sendable {
    /// ISO 639 in small letters, the code of two letters where there is one.
    public let language: String
    /// ISO 15924: `Latn`.
    public let script: String?
    /// ISO 3166-1 or UN M.49: `AT`, `419`.
    public let region: String?
    /// Variants, extensions and private use, in small letters.
    public let others: [String]

    init(language: String, script: String?, region: String?, others: [String]) {
        self.language = language
        self.script = script
        self.region = region
        self.others = others
    }

    /// Reads a tag (RFC 5646, section 2.1), in any case, with `-` or `_` between its parts.
    ///
    /// - Returns: nil for what has not the form of a tag. Whether a subtag is registered is not looked up, and tags that
    ///   are grandfathered as a whole (`i-klingon`) are not known.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var parser = LanguageTagParser(text)
        guard let tag = parser.parse() else { return nil }
        self = tag
    }

    /// Longer ones are not read; 35 characters is what RFC 5646, section 4.4.1, reckons with.
    private static let maximumLength = 100

    /// All subtags in order.
    public var subtags: [String] { [language, script, region].compactMap { $0 } + others }
}

extension LanguageTag: CustomStringConvertible {
    /// The tag, with the case that RFC 5646, section 2.1.1, recommends.
    public var description: String { subtags.joined(separator: "-") }
}
