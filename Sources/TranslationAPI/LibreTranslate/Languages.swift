import JSON
import TranslationService

extension TranslationAPI {
    /// GET /languages, in LibreTranslate's shape.
    func writeLanguages(_ model: ServedModel, to writer: inout JSONWriter) {
        writer.beginArray()
        if let source = model.languages.source {
            writer.beginObject()
            writer.member("code", source)
            writer.member("name", languageName(source))
            writer.name("targets")
            writer.beginArray()
            if let target = model.languages.target { writer.value(target) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
    }
}

/// English names of the languages that checkpoints are most often for; the code itself where it is not
/// among them.
private func languageName(_ code: String) -> String {
    let names = [
        "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
        "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French", "hi": "Hindi",
        "hu": "Hungarian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
        "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish",
        "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
    ]
    return names[code] ?? code
}
