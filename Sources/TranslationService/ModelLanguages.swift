import Checkpoint
import LanguageTags

/// The languages that a checkpoint has tokens for, by their tags (BCP 47).
struct ModelLanguages: Sendable {
    /// In the order of the checkpoint.
    let tags: [LanguageTag]
    private let codes: [LanguageTag: String]

    /// Gives each token the shortest tag that is no other's: `deu_Latn` is `de`, `zho_Hans` is `zh-Hans`, for there is `zho_Hant`, too.
    init(_ tokens: [TokenizerConfiguration.LanguageToken]) {
        let long = tokens.compactMap { token in
            LanguageTag(token.code).map { (tag: $0, code: token.code) }
        }
        var counts: [String: Int] = [:]
        for (tag, _) in long { counts[tag.language, default: 0] += 1 }
        var tags: [LanguageTag] = []
        var codes: [LanguageTag: String] = [:]
        for (tag, code) in long {
            let short = counts[tag.language] == 1 ? LanguageTag(tag.language) ?? tag : tag
            guard codes[short] == nil else { continue }
            codes[short] = code
            tags.append(short)
        }
        self.tags = tags
        self.codes = codes
    }

    /// The tag that serves a language (RFC 4647, section 3.4), and what the checkpoint calls it; nil where none does.
    func lookup(_ asked: LanguageTag) -> (tag: LanguageTag, code: String)? {
        guard let tag = LanguageTag.lookup(asked, among: tags), let code = codes[tag] else {
            return nil
        }
        return (tag, code)
    }

    /// A code as the shortest tag of its language; as it is where it is none of these.
    func shortest(_ code: String?) -> String? {
        guard let code else { return nil }
        return codes.first { $0.value == code }?.key.description ?? code
    }
}
