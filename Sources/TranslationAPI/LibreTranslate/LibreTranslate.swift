import Decoding
import HTTPTypes
import HTTPWire
import JSON
import TextPreparation
import TranslationService

/// A body in LibreTranslate's shape, recognised by its field `q`, proven to make sense for a model.
struct LibreTranslate {
    let request: TranslationRequest
    /// Whether `q` is a list, and so is what answers it.
    private let isList: Bool
    private let alternatives: Int
    private let model: ServedModel
    /// Those of the texts, where they are to be found.
    private let languages: SourceLanguages

    /// What texts are.
    private enum Format: String, CaseIterable {
        case text
        case html
    }

    /// The field that tells this shape from that of this API.
    private static let mark = "q"

    /// Whether a body has this shape: every form, and JSON with the mark, also where that is `null` and the
    /// other shape's text is not there.
    static func isShape(of body: RequestBody) -> Bool {
        guard !body.isTextual, let value = body.object[mark] else { return body.isTextual }
        return !value.isNull || body.object["text"] == nil
    }

    /// The field that brings a key.
    static let keyField = "api_key"

    /// The key that a body brings; an empty one is none.
    static func key(in body: RequestBody) -> String? { body.key(keyField) }

    /// Passes over the fields that the gate has looked at, or that only LibreTranslate's own page needs.
    static func skipAccess(_ reader: inout FieldReader) {
        for name in [keyField, "secret"] { _ = reader.string(name) }
    }

    /// Reads a body and holds it against the model that it asks for.
    ///
    /// - Throws: one problem that lists all faults.
    init(
        _ body: RequestBody, catalog: ModelCatalog, _ settings: TranslationAPI.Settings
    ) throws(Problem) {
        let limits = settings.limits
        isList = body.object[Self.mark]?.arrayValue != nil
        var reader = FieldReader(body)
        let texts = reader.texts(Self.mark, limits)
        let route = reader.chosenRoute(
            catalog, ("source", "target"), for: texts, isMarkup: reader.peek("format") == "html")
        model = route.model
        reader.checkLanguage("target", model.languages.target, of: model)
        let isMarkup = reader.choice("format", Format.self) == .html
        languages = reader.sourceLanguages(
            SourceLanguageField(
                name: "source", texts: Self.mark, isMarkup: isMarkup, unsupported: .refuse,
                copiesTarget: true), of: texts, model)
        alternatives = Self.alternatives(&reader, limits)
        Self.skipAccess(&reader)
        let problems = reader.finished()
        guard problems.isEmpty else { throw Problem(problems) }
        var request = try Self.request(
            texts, isMarkup: isMarkup, alternatives: alternatives, route, settings)
        request.copied = languages.copied
        self.request = request
    }

    /// Texts with the server's settings for everything that LibreTranslate lacks.
    ///
    /// - Parameters:
    ///   - texts: what to translate.
    ///   - isMarkup: whether they are HTML.
    ///   - alternatives: outputs beside the best.
    ///   - route: what translates.
    ///   - settings: the server's.
    /// - Returns: the request.
    /// - Throws: what of the settings the model cannot do.
    static func request(
        _ texts: [String], isMarkup: Bool, alternatives: Int, _ route: ModelRoute,
        _ settings: TranslationAPI.Settings
    ) throws(Problem) -> TranslationRequest {
        let (limits, exit) = (settings.limits, settings.exit)
        var text = TextOptions()
        text.markup = isMarkup ? MarkupOptions(.html) : nil
        var options: DecodingOptions
        do {
            options = DecodingOptions(
                exit: try route.last.exitDefaults(exit).resolve(for: route.last), scores: false)
        } catch {
            throw Problem(error)
        }
        options.beamSize = alternatives + 1
        options.hypothesisCount = alternatives + 1
        return try TranslationRequest(
            route, texts: texts, text, options: options, exit: { $0.exitDefaults(exit) },
            shortlist: settings.usesShortlist, timeout: limits.timeout, limits: limits)
    }

    private static func alternatives(_ reader: inout FieldReader, _ limits: APILimits) -> Int {
        guard let count = reader.integer("alternatives") else { return 0 }
        guard (0..<limits.maximumBeam).contains(count) else {
            reader.note(
                .outOfRange, "alternatives",
                "`alternatives` must be a number from 0 to \(limits.maximumBeam - 1)")
            return 0
        }
        return count
    }
}

extension LibreTranslate: TranslationAnswer {
    func response(to result: TranslationResult) -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("translatedText")
        write(result.translations, to: &writer) { $1.value($0.outputs[0].text) }
        if alternatives > 0 {
            writer.name("alternatives")
            write(result.translations, to: &writer) { translation, writer in
                writer.beginArray()
                for output in translation.outputs.dropFirst() { writer.value(output.text) }
                writer.endArray()
            }
        }
        if languages.isAuto, let found = languages.found {
            writer.name("detectedLanguage")
            if isList { writer.beginArray() }
            for language in found { DetectedLanguage(language, model).write(to: &writer) }
            if isList { writer.endArray() }
        }
        writer.name("compute")
        TranslationJSON(model: model, parts: [])
            .write(result.totalCompute(request, model), to: &writer)
        writer.endObject()
        return .json(writer)
    }

    /// One value for each translation, or the only one.
    private func write(
        _ translations: [Translation], to writer: inout JSONWriter,
        _ value: (Translation, inout JSONWriter) -> Void
    ) {
        if isList { writer.beginArray() }
        for translation in translations { value(translation, &writer) }
        if isList { writer.endArray() }
    }

    /// A refusal as LibreTranslate has it: clients tell from 429 and 503 alone that they may try again.
    static func response(to problem: Problem) -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        // The words by which clients know it.
        let isWrongKey =
            problem.code == .unauthorized
            && problem.fields[.wwwAuthenticate]?.contains("invalid_token") == true
        writer.member("error", isWrongKey ? "Invalid API key" : problem.detail)
        writer.endObject()
        let status =
            switch problem.code.status {
            case 401: 403
            case 403, 429: problem.code.status
            case 500...: problem.code.status
            default: problem.code == .fileNotFound ? 404 : 400
            }
        var response = ServerResponse.json(writer, status: status)
        response.fields[.retryAfter] = problem.fields[.retryAfter]
        return response
    }
}
