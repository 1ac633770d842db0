import Checkpoint
import Decoding
import HTTPWire
import JSON
import LanguageIdentification
import TranslationService

/// A request to POST /v2/translate, proven to make sense for a model.
struct DeepLTranslation {
    let request: TranslationRequest
    /// The language that each text was taken for, as DeepL writes it.
    private let sources: [String]
    private let showsCharacters: Bool
    private let modelType: ModelType?
    /// Code points of each text.
    private let characters: [Int]
    private let usage: UsageMeter
    private let holder: String?

    /// DeepL's choice between two kinds of models; here all layers, or those that the server's policy takes.
    private enum ModelType: String, CaseIterable {
        case latency = "latency_optimized"
        case quality = "quality_optimized"
        case preferQuality = "prefer_quality_optimized"

        var isQuality: Bool { self != .latency }
    }

    /// Reads a request and holds it against the model for its languages.
    ///
    /// - Throws: one problem that lists all faults.
    init(
        _ admitted: TranslationAPI.AdmittedRequest, catalog: ModelCatalog,
        _ settings: TranslationAPI.Settings, _ glossaries: GlossaryStore, _ usage: UsageMeter
    ) throws(Problem) {
        var reader = FieldReader(admitted.body)
        let texts = reader.texts("text", settings.limits)
        let route = reader.chosenRoute(
            catalog, ("source_lang", "target_lang"), for: texts,
            isMarkup: reader.peek("tag_handling") != nil)
        let model = route.model
        if reader.value("target_lang") == nil {
            reader.note(.wrongType, "target_lang", "`target_lang` is required: a language code")
        }
        reader.checkLanguage("target_lang", model.languages.target, of: model)
        showsCharacters = reader.flag("show_billed_characters") ?? false
        modelType = reader.choice("model_type", ModelType.self)
        let text = DeepLTextOptions(&reader)
        let languages = reader.sourceLanguages(
            SourceLanguageField(
                name: "source_lang", texts: "text", isMarkup: text.markup != nil, unsupported: .copy
            ),
            of: texts, model)
        try reader.finishAsDeepL()
        sources = texts.indices.map { DeepL.code(Self.source($0, languages, model)) }
        characters = texts.map(\.unicodeScalars.count)
        self.usage = usage
        holder = admitted.holder
        var request = try Self.request(
            texts, text.resolved(glossaries, for: holder, model), modelType, settings, route)
        request.copied = languages.copied
        self.request = request
    }

    /// The language of a text: what it is for sure, or else the model's, which it was taken for.
    private static func source(
        _ index: Int, _ languages: SourceLanguages, _ model: ServedModel
    ) -> String? {
        languages.found?[index].sure.map(model.code(of:)) ?? model.languages.source
    }

    private static func request(
        _ texts: [String], _ text: TextOptions, _ type: ModelType?,
        _ settings: TranslationAPI.Settings, _ route: ModelRoute
    ) throws(Problem) -> TranslationRequest {
        func exit(_ model: ServedModel) -> ExitOptions {
            guard type?.isQuality == true else { return model.exitDefaults(settings.exit) }
            var full = ExitOptions()
            full.policy = .full
            return full
        }
        let options: DecodingOptions
        do {
            options = DecodingOptions(
                exit: try exit(route.last).resolve(for: route.last), scores: false)
        } catch {
            throw Problem(error)
        }
        return try TranslationRequest(
            route, texts: texts, text, options: options, exit: exit,
            shortlist: settings.usesShortlist && type?.isQuality != true,
            timeout: settings.limits.timeout, limits: settings.limits)
    }
}

extension DeepLTranslation: TranslationAnswer {
    /// The answer, which counts the characters: they are those of texts that were translated.
    func response(to result: TranslationResult) -> ServerResponse {
        usage.add(characters.reduce(0, +), for: holder)
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("translations")
        writer.beginArray()
        for (index, translation) in result.translations.enumerated() {
            writer.beginObject()
            writer.member("detected_source_language", sources[index])
            writer.member("text", translation.outputs[0].text)
            if showsCharacters { writer.member("billed_characters", characters[index]) }
            if let modelType {
                writer.member(
                    "model_type_used",
                    (modelType.isQuality ? ModelType.quality : .latency).rawValue)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return .json(writer)
    }
}
