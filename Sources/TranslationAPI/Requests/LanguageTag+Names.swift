import LanguageTags

extension LanguageTag {
    /// Whether who asks for a language is served by another.
    ///
    /// - Parameters:
    ///   - asked: a tag as a client writes it.
    ///   - own: the tag that a checkpoint or glossary names.
    /// - Returns: whether lookup finds it; where one has not the form of a tag, whether they are the same but for case.
    static func matches(_ asked: String, _ own: String) -> Bool {
        guard let wanted = LanguageTag(asked), let tag = LanguageTag(own) else {
            return asked.lowercased() == own.lowercased()
        }
        return tag.matches(wanted)
    }

    /// The English name of a language; the code itself where it has none, or says more than the language.
    static func englishName(of code: String) -> String {
        guard let tag = LanguageTag(code), tag.language == code else { return code }
        return tag.englishName
    }
}
