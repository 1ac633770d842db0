import JSON
import LanguageTags
import TranslationService

extension TranslationAPI {
    /// GET /languages, in LibreTranslate's shape: each source with its targets, and each other target, which clients look up there, too.
    func writeLanguages(_ catalog: ModelCatalog, to writer: inout JSONWriter) {
        var codes: [String] = []
        var targets: [String: [String]] = [:]
        for (source, target) in catalog.pairs {
            if targets[source] == nil { codes.append(source) }
            targets[source, default: []].append(target)
        }
        // A model that knows one side of its pair alone shows it.
        let others =
            catalog.pairs.map(\.target) + catalog.models.flatMap { $0.sources + $0.targets }
        for code in others where targets[code] == nil {
            codes.append(code)
            targets[code] = []
        }
        writer.beginArray()
        for code in codes {
            writer.beginObject()
            writer.member("code", code)
            writer.member("name", LanguageTag.englishName(of: code))
            writer.name("targets")
            writer.beginArray()
            for target in targets[code] ?? [] { writer.value(target) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
    }
}
