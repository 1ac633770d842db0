import JSON
import LanguageIdentification
import LanguageTags
import TranslationService

/// What becomes of a text that is surely in another language than the model's.
enum UnsupportedLanguages: String, CaseIterable, Sendable {
    /// The request is refused.
    case refuse
    /// The text is answered as it is.
    case copy
}

/// The languages that the texts of a request are in.
struct SourceLanguages: Sendable {
    /// What was found of each text; nil where nobody wants to know.
    var found: [LanguageIdentification]?
    /// Whether the request says `auto`, and so wants to know; not where it says nothing.
    var isAuto = false
    /// Texts, by index, that are answered as they are.
    var copied: Set<Int> = []

    /// The value of a field that asks to find the language.
    static let auto = "auto"
}

/// What a request says of the language of its texts.
struct SourceLanguageField {
    /// The field.
    let name: String
    /// That of the texts.
    let texts: String
    /// Whether the texts have tags, which are in no language.
    let isMarkup: Bool
    /// What becomes of texts in other languages than the model's.
    let unsupported: UnsupportedLanguages
    /// Whether texts in the language that the model translates into are answered as they are, whatever becomes of others.
    var copiesTarget = false
    /// Whether the language is to be found although it is given.
    var isWanted = false
}

extension FieldReader {
    /// Reads the field of the source language; where it does not say which, the texts do.
    ///
    /// Only a text that is surely in another language than the model's is not translated. One that is too short or too mixed
    /// to tell is taken for the model's, and so is every text where the model's language is none that can be found.
    ///
    /// - Parameters:
    ///   - field: what the request says.
    ///   - texts: what is to be translated.
    ///   - model: what translates.
    /// - Returns: what was found; a fault is noted where the model does not translate what is asked for, and for each text that
    ///   is refused.
    mutating func sourceLanguages(
        _ field: SourceLanguageField, of texts: [String], _ model: ServedModel
    ) -> SourceLanguages {
        let asked = string(field.name)
        let isGiven = asked.map { $0.lowercased() != SourceLanguages.auto } ?? false
        if isGiven, let asked { check(asked, field.name, model.languages.source, of: model) }
        guard !isGiven || field.isWanted else { return SourceLanguages() }
        let found = texts.map {
            LanguageIdentifier.identify(field.isMarkup ? $0.withoutTags : $0)
        }
        var languages = SourceLanguages(found: found, isAuto: asked != nil && !isGiven)
        for (index, found) in found.enumerated() where !isGiven {
            guard let other = found.surelyOther(than: model.languages.source) else { continue }
            let isTarget =
                model.languages.target.flatMap { LanguageTag($0) }?.language == other.language
            if field.unsupported == .copy || field.copiesTarget && isTarget {
                languages.copied.insert(index)
            } else {
                note(
                    .unsupportedLanguagePair,
                    texts.count > 1 ? "\(field.texts)/\(index)" : field.texts,
                    "text \(index) is in \(other.englishName) (\(other)); "
                        + reason(of: model, isOneOfSeveral: texts.count > 1))
            }
        }
        return languages
    }

    /// Why a model does not translate a text in another language.
    private func reason(of model: ServedModel, isOneOfSeveral: Bool) -> String {
        guard isOneOfSeveral, pairText != nil || model.isMultilingual,
            let source = model.languages.source
        else { return pairText ?? model.pairText }
        return "all texts of one request are in one language, here \(source)"
    }
}

extension LanguageIdentification {
    private static let certainty = 0.95
    private static let trace = 0.005

    /// The language of a text that is surely in another one than a model's.
    ///
    /// That a text is not translated which the model could have translated is worse than the contrary, so the bar is higher
    /// than that of `sure`.
    fileprivate func surelyOther(than source: String?) -> LanguageTag? {
        // Mostly it is the model's, as the model writes it, and no tag has to be read.
        guard let best, best.confidence >= Self.certainty, best.language.language != source,
            let own = source.flatMap({ LanguageTag($0) })?.language, best.language.language != own,
            LanguageIdentifier.languages.contains(where: { $0.language == own }),
            candidates.allSatisfy({ $0.language.language != own || $0.confidence <= Self.trace })
        else { return nil }
        return best.language
    }
}

extension ServedModel {
    /// What the model translates, for messages.
    var pairText: String {
        isMultilingual
            ? "\(id) translates between \(targets.count) languages; see /languages"
            : "\(id) translates \(languages.source ?? "?") to \(languages.target ?? "?")"
    }

    /// A language as clients know it: where it is one of the model's, as the model writes it.
    func code(of language: LanguageTag) -> String {
        let own = [languages.source, languages.target].compactMap(\.self)
        return own.first { LanguageTag($0)?.language == language.language } ?? language.description
    }
}

extension String {
    /// What stands outside tags, with a blank for each of them.
    var withoutTags: String {
        var text = UnicodeScalarView()
        var isTag = false
        for scalar in unicodeScalars {
            if scalar == "<" { isTag = true }
            text.append(isTag ? " " : scalar)
            if scalar == ">" { isTag = false }
        }
        return String(text)
    }
}
