import JSON
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("Requests to a server of several models", .timeLimit(.minutes(10)))
struct SeveralModelsTests {
    private let server: TestServer

    init() throws {
        server = try TestServer(loaded: false)
        let catalog = ModelCatalog([
            try Shipped.model(),
            try ServedModel(directory: Repository.path("Tests/Golden/marian/ssru")),
            try ServedModel(directory: Repository.path("Tests/Golden/languages/nllb")),
        ])
        server.api.enter(
            .serving(
                try TranslationService(
                    catalog: catalog, configuration: TranslationService.Configuration(),
                    metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))))
    }

    private func translated(_ body: String, _ path: String = "/translate") throws -> JSONObject {
        let response = try server.post(path, body)
        #expect(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
        return try json(response)
    }

    @Test("Each is answered by the model of its pair, and says which")
    func routing() throws {
        defer { server.close() }
        for (body, model, source, target) in [
            (#"{"text": "Ein Mann schläft."}"#, "multi30k-de-en", "de", "en"),
            (#"{"text": "ba be", "source_lang": "aa", "target_lang": "bb"}"#, "ssru", "aa", "bb"),
            (#"{"text": "dafe", "source_lang": "fr", "target_lang": "ar"}"#, "nllb", "fr", "ar"),
            (
                #"{"text": "dafe", "model": "nllb", "source_lang": "de", "target_lang": "en"}"#,
                "nllb", "de", "en"
            ),
            (
                #"{"text": "L'homme dort dans la maison de son père.", "target_lang": "en"}"#,
                "nllb", "fr", "en"
            ),
        ] {
            let answer = try translated(body)
            #expect(answer["model"]?.stringValue == model)
            let first = try #require(answer["translations"]?.arrayValue?.first?.objectValue)
            #expect(first["source_lang"]?.stringValue == source)
            #expect(first["target_lang"]?.stringValue == target)
        }
        _ = try translated(#"{"q": "ba", "source": "aa", "target": "bb"}"#)
        let deepL = try translated(
            #"{"text": ["ba"], "source_lang": "AA", "target_lang": "BB"}"#, "/v2/translate")
        #expect(deepL["translations"]?.arrayValue?.count == 1)
    }

    @Test(
        "What no model does is refused with what is wrong",
        arguments: [
            (#"{"text": "x", "model": "none"}"#, 404, "multi30k-de-en, ssru, nllb"),
            (
                #"{"text": "x", "source_lang": "xx", "target_lang": "en"}"#, 422,
                "no model of this server"
            ),
            (
                #"{"text": "x", "model": "ssru", "target_lang": "en"}"#, 422,
                "ssru translates aa to bb"
            ),
            (
                #"{"text": "x", "model": "nllb", "source_lang": "de"}"#, 422,
                "`target_lang` is needed"
            ),
            (
                #"{"text": "x", "model": "nllb", "source_lang": "de", "target_lang": "tlh"}"#, 422,
                "202 languages"
            ),
        ])
    func refusals(body: String, status: Int, words: String) throws {
        defer { server.close() }
        let response = try server.translate(body)
        #expect(response.status == status)
        #expect(String(decoding: response.body, as: UTF8.self).contains(words))
    }

    @Test("Descriptions list all of them, and all languages")
    func descriptions() throws {
        defer { server.close() }
        let models = try json(server.ask("GET", "/models"))["models"]?.arrayValue ?? []
        #expect(
            models.compactMap { $0.objectValue?["id"]?.stringValue }
                == ["multi30k-de-en", "ssru", "nllb"])
        #expect(models.last?.objectValue?["target_languages"]?.arrayValue?.count == 202)
        #expect(try server.ask("GET", "/models/ssru").status == 200)
        #expect(try server.ask("GET", "/models/none").status == 404)
        let languages = try JSON.parse(server.ask("GET", "/languages").body).arrayValue ?? []
        let german = try #require(
            languages.compactMap(\.objectValue).first { $0["code"]?.stringValue == "de" })
        #expect(german["targets"]?.arrayValue?.contains(.string("zh-Hant")) == true)
        let ids = try translated(#"{"text": "ba be", "model": "ssru"}"#, "/tokenize")
        #expect(ids["model"]?.stringValue == "ssru")
    }
}
