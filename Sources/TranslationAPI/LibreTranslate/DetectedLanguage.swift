import JSON
import TranslationService

/// A language that texts may be in.
struct DetectedLanguage: Sendable, Equatable {
    /// Its tag.
    let code: String
    /// How sure that is, 0 to 100.
    let confidence: Double

    /// The languages that texts may be in, the likeliest first; none where nothing identifies languages.
    static func ofTexts(_ texts: [String], _ model: ServedModel) -> [DetectedLanguage] { [] }

    /// As LibreTranslate writes it.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("confidence")
        writer.value(confidence)
        writer.member("language", code)
        writer.endObject()
    }
}
