import HTTPTypes
import HTTPWire
import JSON
import LanguageTags
import TranslationService

extension TranslationAPI {
    /// Answers what LibreTranslate has and no other dialect.
    func libreTranslate(_ route: LibreTranslateRoute, _ context: RequestContext) {
        var context = context
        context.refusals = .libreTranslate
        switch route {
        case .detect: detect(context)
        case .translateFile: translateFile(context)
        case .download(let name): download(name, context)
        case .frontendSettings: frontendSettings(context)
        case .specification: answer(specification, context)
        case .suggest:
            context.refuse(
                Problem(
                    .notOffered,
                    "this server takes no suggestions; its translations change with its model"))
        }
    }

    /// POST /detect: the languages that a text may be in, the likeliest first.
    private func detect(_ context: RequestContext) {
        work(on: context, .libreTranslate, keyField: LibreTranslate.keyField, isLong: true) {
            [settings] request throws(Problem) in
            var reader = FieldReader(request.body)
            let texts = reader.texts("q", settings.limits)
            LibreTranslate.skipAccess(&reader)
            let problems = reader.finished()
            guard problems.isEmpty else { throw Problem(problems) }
            let languages = DetectedLanguage.ofTexts(texts, try self.loadedService.model)
            var writer = JSONWriter()
            writer.beginArray()
            for language in languages { language.write(to: &writer) }
            writer.endArray()
            request.context.answer(.json(writer))
        }
    }

    /// GET /frontend/settings: what a page of LibreTranslate's asks for before it shows itself.
    private func frontendSettings(_ context: RequestContext) {
        do {
            let model = try loadedService.model
            context.answer(Document(frontendSettings(model), type: .json))
        } catch {
            context.refuse(error)
        }
    }

    private func frontendSettings(_ model: ServedModel) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("charLimit", settings.limits.maximumCharacters)
        // Milliseconds from the last key until the page translates, as LibreTranslate has it.
        writer.member("frontendTimeout", 500)
        let needsKey = !gate.isOpen
        for (name, value) in [
            ("apiKeys", needsKey), ("keyRequired", needsKey), ("suggestions", false),
            ("filesTranslation", true),
        ] {
            writer.name(name)
            writer.value(value)
        }
        writer.name("supportedFilesFormat")
        writer.beginArray()
        for format in FileFormat.allCases { writer.value("." + format.rawValue) }
        writer.endArray()
        writer.name("language")
        writer.beginObject()
        for (name, code) in [
            ("source", model.languages.source), ("target", model.languages.target),
        ] {
            writer.name(name)
            writer.beginObject()
            writer.member("code", code ?? "auto")
            writer.member("name", code.map(LanguageTag.englishName) ?? "Auto Detect")
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
