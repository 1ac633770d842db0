import JSON
import TranslationService

extension TranslationAPI {
    /// GET /languages, in LibreTranslate's shape: the source with its targets, and each target, which clients look up there, too.
    func writeLanguages(_ model: ServedModel, to writer: inout JSONWriter) {
        let (source, target) = model.languages
        writer.beginArray()
        for code in [source, target].compactMap(\.self) {
            writer.beginObject()
            writer.member("code", code)
            writer.member("name", LanguageName.english(code))
            writer.name("targets")
            writer.beginArray()
            if code == source, let target { writer.value(target) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
    }
}

/// English names of the languages that checkpoints are most often for.
enum LanguageName {
    private static let names = [
        "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German",
        "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fi": "Finnish",
        "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
        "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
        "nb": "Norwegian Bokmål", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese",
        "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish",
        "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
    ]

    /// The English name of a language; the code itself where it has none here.
    static func english(_ code: String) -> String { names[code] ?? code }
}
