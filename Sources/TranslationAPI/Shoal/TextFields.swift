import JSON
public import TextPreparation
import TranslationService

/// What texts are.
public enum TextFormat: String, Sendable, CaseIterable {
    /// One sentence, which the model is given as it is.
    case sentence
    /// Plain text.
    case text
    /// Text with tags of HTML.
    case html
    /// Text with tags of XML.
    case xml

    /// How tags are read; nil where there are none.
    public var markup: MarkupOptions? {
        switch self {
        case .sentence, .text: nil
        case .html: MarkupOptions(.html)
        case .xml: MarkupOptions(.xml)
        }
    }
}

extension TextOptions {
    /// Most terms of `protect`, and most entries of `glossary`.
    private static let mostTerms = 1000

    /// Reads the fields about texts, `format`, `split_sentences`, `protect` and `glossary`; faults are noted.
    ///
    /// - Returns: nil where texts are given to the model as they are.
    init?(_ reader: inout FieldReader, _ limits: APILimits, _ glossaries: GlossaryStore) {
        self.init()
        let format = reader.choice("format", TextFormat.self) ?? .text
        markup = format.markup
        splitsSentences = reader.bool("split_sentences") ?? splitsSentences
        protectedTerms = Self.terms(&reader)
        glossary = Self.glossary(&reader, glossaries)
        guard format == .sentence else { return }
        let others = ["split_sentences", "protect", "glossary"].filter { reader.value($0) != nil }
        for name in others {
            reader.note(
                .conflictingOptions, name,
                "`\(name)` needs `format: text`: with `format: sentence` the model is given the text as it is"
            )
        }
        return nil
    }

    /// A glossary of the server's files.
    private static func named(
        _ name: String, _ reader: inout FieldReader, _ glossaries: GlossaryStore
    ) -> Glossary? {
        if let found = try? glossaries.glossary(name, for: nil) { return found.glossary }
        reader.note(
            .outOfRange, "glossary",
            "`glossary` must name one of the server's files, or hold words and their translations")
        return nil
    }

    private static func terms(_ reader: inout FieldReader) -> [String] {
        let terms = reader.strings("protect") ?? []
        if terms.count > mostTerms {
            reader.note(
                .outOfRange, "protect",
                "`protect` may hold \(mostTerms) texts at most; given \(terms.count)")
        }
        return terms
    }

    private static func glossary(
        _ reader: inout FieldReader, _ glossaries: GlossaryStore
    ) -> Glossary? {
        guard let value = reader.value("glossary") else { return nil }
        if let name = value.stringValue { return named(name, &reader, glossaries) }
        guard let members = value.objectValue?.members, members.count <= mostTerms,
            case let entries = members.compactMap({ member in
                member.value.stringValue.map { Glossary.Entry(source: member.name, target: $0) }
            }), entries.count == members.count
        else {
            reader.wrongType(
                "glossary",
                "a name, or an object of \(mostTerms) strings at most: word, translation", value)
            return nil
        }
        do {
            return try Glossary(entries)
        } catch {
            reader.note(.outOfRange, "glossary", "\(GlossaryError(error))")
            return nil
        }
    }
}
