import HTTPTypes
import HTTPWire
import JSON
import LanguageTags
import Telemetry
import TranslationService

extension TranslationAPI {
    /// Answers DeepL's API; all of it asks for a key, where keys are configured.
    func deepL(_ route: DeepLRoute, _ context: RequestContext) {
        var context = context
        context.refusals = .deepL
        work(on: context, DeepL.shape, keyField: DeepL.keyField, isLong: route.isOfGlossaries) {
            [self] request throws(Problem) in
            switch route {
            // Several glossaries are made one, which takes as long as they are large.
            case .translate where request.body.object["glossary_ids"] != nil:
                translateBeside(request)
            case .translate: try translateAsDeepL(request)
            case .languages: try answerLanguages(request)
            case .usage: try answerUsage(request)
            case .languagePairs: try answerLanguagePairs(request)
            case .glossaries, .glossary, .entries, .dictionaries:
                try answerGlossaries(route, request)
            case .document, .documentState, .documentResult:
                throw Problem(
                    .notFound,
                    "this server translates no documents here: send text to /v2/translate, with "
                        + "tag_handling for HTML and XML, or files to /translate_file")
            }
        }
    }

    private func translateBeside(_ request: AdmittedRequest) {
        workBeside(request.context) { [self] context in
            do throws(Problem) {
                try translateAsDeepL(
                    AdmittedRequest(body: request.body, holder: request.holder, context: context))
            } catch {
                context.refuse(error)
            }
        } orRefuse: { [rejected] error in
            if case .overloaded = error { rejected.labeled("overloaded").increment() }
            request.context.refuse(Problem(error))
        }
    }

    private func translateAsDeepL(_ request: AdmittedRequest) throws(Problem) {
        try handOver { catalog throws(Problem) in
            try DeepLTranslation(request, catalog: catalog, settings, glossaries, usage)
        } _: { answer, service in
            submit(answer.request, to: service, answering: answer, request.context)
        }
    }

    private func answerLanguages(_ request: AdmittedRequest) throws(Problem) {
        let models = try loadedService.catalog.models
        var reader = FieldReader(request.body)
        let type = reader.choice("type", LanguageSide.self) ?? .source
        try reader.finishAsDeepL()
        let codes =
            type == .source
            ? models.flatMap(\.sources)
            : models.flatMap(\.targets).flatMap { DeepL.variants(of: $0) }.compactMap(\.self)
        var writer = JSONWriter()
        var known: Set<String> = []
        writer.beginArray()
        for code in codes where known.insert(code).inserted {
            writer.beginObject()
            writer.member("language", DeepL.code(code))
            writer.member("name", LanguageTag.englishName(of: code))
            if type == .target {
                writer.name("supports_formality")
                writer.value(false)
            }
            writer.endObject()
        }
        writer.endArray()
        request.context.answer(.json(writer))
    }

    private func answerUsage(_ request: AdmittedRequest) throws(Problem) {
        var reader = FieldReader(request.body)
        try reader.finishAsDeepL()
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("character_count", usage.characters(of: request.holder))
        writer.member("character_limit", UsageMeter.limit)
        writer.endObject()
        request.context.answer(.json(writer))
    }

    private func answerLanguagePairs(_ request: AdmittedRequest) throws(Problem) {
        let pairs = try loadedService.catalog.pairs
        var reader = FieldReader(request.body)
        try reader.finishAsDeepL()
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("supported_languages")
        writer.beginArray()
        for (source, target) in pairs {
            writer.beginObject()
            writer.member("source_lang", source)
            writer.member("target_lang", target)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        request.context.answer(.json(writer))
    }
}

/// The languages that are asked for.
private enum LanguageSide: String, CaseIterable {
    case source
    case target
}

extension DeepL {
    /// The codes of a target: DeepL's clients take those of English and Portuguese by region alone, and a model that knows no region
    /// serves each.
    static func variants(of target: String?) -> [String?] {
        switch target?.lowercased() {
        case "en": ["en-GB", "en-US"]
        case "pt": ["pt-BR", "pt-PT"]
        default: [target]
        }
    }
}

extension FieldReader {
    /// Ends the reading of a request of DeepL's clients.
    ///
    /// - Throws: one problem that lists all faults.
    mutating func finishAsDeepL() throws(Problem) {
        // The gate has looked at it.
        _ = string(DeepL.keyField)
        let problems = finished()
        guard problems.isEmpty else { throw Problem(problems) }
    }
}
