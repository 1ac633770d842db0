extension LanguageTag {
    /// The tag that serves best for a language that was asked for (RFC 4647, section 3.4, lookup).
    ///
    /// What was asked for is shortened from its end until a tag is like it: `de-AT` finds `de`. A tag that says more than was asked for serves too, as with
    /// filtering (section 3.3.1): `en` finds `en-GB`, but only where no other does.
    ///
    /// - Parameters:
    ///   - asked: the language range.
    ///   - tags: what there is, the preferred first.
    /// - Returns: nil where nothing serves.
    public static func lookup(_ asked: Self, among tags: [Self]) -> Self? {
        let wanted = asked.withImpliedScript.subtags
        let served = tags.map { ($0, $0.withImpliedScript.subtags) }
        // A letter that begins an extension does not end a range.
        let ends = stride(from: wanted.count, through: 1, by: -1)
        for count in ends where wanted[count - 1].utf8.count > 1 {
            if let found = served.first(where: { $0.1 == Array(wanted.prefix(count)) }) {
                return found.0
            }
        }
        return served.first { $0.1.starts(with: wanted) }?.0
    }

    /// Whether this language serves where another was asked for: by `lookup`.
    public func matches(_ asked: Self) -> Bool { Self.lookup(asked, among: [self]) != nil }

    /// Chinese and Serbian with the script that the region writes, where none is said: `zh-TW` is `zh-Hant-TW`.
    private var withImpliedScript: Self {
        guard script == nil, let region, let script = Self.scripts[language]?[region] else {
            return self
        }
        return Self(language: language, script: script, region: region, others: others)
    }

    /// From the likely subtags of Unicode (UTS #35, section 4.3), where they differ by region.
    private static let scripts = [
        "zh": ["CN": "Hans", "SG": "Hans", "TW": "Hant", "HK": "Hant", "MO": "Hant"],
        "sr": ["ME": "Latn"],
    ]
}
