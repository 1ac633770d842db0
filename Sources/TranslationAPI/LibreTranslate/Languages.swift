import JSON
import LanguageTags
import TranslationService

extension TranslationAPI {
    /// GET /languages, in LibreTranslate's shape: the source with its targets, and each target, which clients look up there, too.
    func writeLanguages(_ model: ServedModel, to writer: inout JSONWriter) {
        let (source, target) = model.languages
        writer.beginArray()
        for code in [source, target].compactMap(\.self) {
            writer.beginObject()
            writer.member("code", code)
            writer.member("name", LanguageTag.englishName(of: code))
            writer.name("targets")
            writer.beginArray()
            if code == source, let target { writer.value(target) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
    }
}
