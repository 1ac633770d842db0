import JSON
import LanguageIdentification
import TranslationService

/// A language that texts may be in.
struct DetectedLanguage: Sendable, Equatable {
    /// Its tag, as the model writes it where it is one of the model's.
    let code: String
    /// How sure that is, 0 to 100.
    let confidence: Double

    private init(_ found: IdentifiedLanguage, _ model: ServedModel) {
        code = model.code(of: found.language)
        confidence = (found.confidence * 100).rounded()
    }

    /// What is taken where a text says nothing: the model's language, with no confidence.
    private init(_ model: ServedModel) {
        code = model.languages.source ?? "en"
        confidence = 0
    }

    /// The likeliest language of a text.
    init(_ found: LanguageIdentification, _ model: ServedModel) {
        if let best = found.best { self.init(best, model) } else { self.init(model) }
    }

    /// The languages that texts may be in, the likeliest first; those below a hundredth are left out.
    static func ofTexts(_ texts: [String], _ model: ServedModel) -> [DetectedLanguage] {
        let found = LanguageIdentifier.identify(texts.joined(separator: "\n"))
        let languages = found.candidates.map { DetectedLanguage($0, model) }
            .filter { $0.confidence >= 1 }
        return languages.isEmpty ? [DetectedLanguage(found, model)] : languages
    }

    /// As LibreTranslate writes it.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("confidence")
        writer.value(confidence)
        writer.member("language", code)
        writer.endObject()
    }
}
