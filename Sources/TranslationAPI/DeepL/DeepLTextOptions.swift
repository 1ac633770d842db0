import TextPreparation
import TranslationService

/// What a request of DeepL's clients says of the texts themselves.
struct DeepLTextOptions {
    /// Where sentences end (`split_sentences`).
    enum Splitting: String, CaseIterable {
        /// Nowhere: a text is one.
        case none = "0"
        /// At punctuation and at ends of lines.
        case all = "1"
        /// At punctuation.
        case noNewlines = "nonewlines"
    }

    /// What tags are (`tag_handling`).
    enum Markup: String, CaseIterable {
        case html
        case xml
    }

    private enum Formality: String, CaseIterable {
        case `default`
        case more
        case less
        case preferMore = "prefer_more"
        case preferLess = "prefer_less"
    }

    let splitting: Splitting?
    let markup: Markup?
    let detectsOutline: Bool
    let splittingTags: [String]
    let nonSplittingTags: [String]
    let ignoredTags: [String]
    let glossaries: [String]

    /// Reads the fields; faults are noted.
    init(_ reader: inout FieldReader) {
        splitting = reader.text("split_sentences", Splitting.self)
        // Sentences keep their punctuation and case anyway.
        _ = reader.flag("preserve_formatting")
        Self.checkFormality(&reader)
        // The model translates each sentence by itself.
        _ = reader.string("context")
        markup = reader.choice("tag_handling", Markup.self)
        _ = reader.string("tag_handling_version")
        detectsOutline = reader.flag("outline_detection") ?? true
        splittingTags = reader.names("splitting_tags")
        nonSplittingTags = reader.names("non_splitting_tags")
        ignoredTags = reader.names("ignore_tags")
        let one = reader.string("glossary_id")
        let several = reader.names("glossary_ids")
        if one != nil, !several.isEmpty {
            reader.note(
                .conflictingOptions, "glossary_ids",
                "`glossary_id` and `glossary_ids` exclude each other")
        }
        if several.count > 5 {
            reader.note(.outOfRange, "glossary_ids", "`glossary_ids` may hold 5 glossaries")
        }
        glossaries = [one].compactMap(\.self) + several
        if !glossaries.isEmpty, reader.value("source_lang") == nil {
            reader.note(
                .conflictingOptions, "source_lang", "a glossary needs `source_lang`")
        }
    }

    /// The options as the service takes them.
    ///
    /// Without splitting, a paragraph is one sentence, which is parted only where it is longer than the model takes.
    ///
    /// - Throws: `glossary_not_found`, `unsupported_language_pair`.
    func resolved(
        _ store: GlossaryStore, for holder: String?, _ model: ServedModel
    ) throws(Problem) -> TextOptions {
        var options = TextOptions()
        let splitting = splitting ?? (markup == .html ? .noNewlines : .all)
        options.splitsSentences = splitting != .none
        options.lineBreaks = splitting == .all ? .boundaries : .blanks
        options.glossary = try glossary(store, for: holder, model)
        options.markup = markup.map(markupOptions)
        return options
    }

    private func markupOptions(_ markup: Markup) -> MarkupOptions {
        var options = MarkupOptions(markup == .html ? .html : .xml)
        options.ignoredTags = Set(ignoredTags)
        options.splittingTags = Set(splittingTags)
        options.nonSplittingTags = Set(nonSplittingTags)
        options.detectsOutline = detectsOutline
        return options
    }

    /// The glossaries of a request as one; nil where it names none.
    private func glossary(
        _ store: GlossaryStore, for holder: String?, _ model: ServedModel
    ) throws(Problem) -> Glossary? {
        var found: [Glossary] = []
        for id in glossaries {
            let stored = try store.glossary(id, for: holder)
            if let pair = stored.languages,
                (pair.source, pair.target) != (model.languages.source, model.languages.target)
            {
                throw Problem(
                    .unsupportedLanguagePair,
                    "the glossary is for \(pair.source) to \(pair.target)")
            }
            if let glossary = stored.glossary { found.append(glossary) }
        }
        return found.count < 2 ? found.first : try Glossary.merged(found)
    }

    /// A model that was trained for no formality has none.
    private static func checkFormality(_ reader: inout FieldReader) {
        guard let formality = reader.choice("formality", Formality.self) else { return }
        guard formality == .more || formality == .less else { return }
        reader.note(
            .outOfRange, "formality",
            "`formality` may be default, prefer_more or prefer_less: the model knows none")
    }
}

extension FieldReader {
    /// A name out of a closed set, which may be written as a number.
    fileprivate mutating func text<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        if let number = value(name)?.wholeNumber, let choice = Choice(rawValue: String(number)) {
            return choice
        }
        return choice(name, type)
    }
}
