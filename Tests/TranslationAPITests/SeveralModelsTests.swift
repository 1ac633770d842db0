import JSON
import LanguageTags
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
        let directory = try TemporaryDirectory()
        for (name, file) in [
            ("model.aabb.intgemm.alphas.bin", "model.encc.bin"), ("vocab.aabb.spm", "vocab.spm"),
        ] {
            try directory.write(
                Repository.bytes("Tests/Golden/marian/ssru/\(name)"), to: file)
        }
        let catalog = ModelCatalog(
            [
                try Shipped.model(),
                try ServedModel(directory: Repository.path("Tests/Golden/marian/ssru")),
                try ServedModel(directory: Repository.path("Tests/Golden/languages/nllb")),
                try ServedModel(directory: directory.path, id: "encc"),
            ], pivots: [LanguageTag("en")].compactMap(\.self))
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
        "Over a pivot the answer names the route, what each step cost, and no places in a text that nobody sees"
    )
    func pivot() throws {
        defer { server.close() }
        let answer = try translated(
            #"{"text": "Ein Mann schläft.", "source_lang": "de", "target_lang": "cc"}"#)
        let route = try #require(answer["route"]?.arrayValue).compactMap(\.objectValue)
        #expect(route.compactMap { $0["model"]?.stringValue } == ["multi30k-de-en", "encc"])
        #expect(route.compactMap { $0["target_lang"]?.stringValue } == ["en", "cc"])
        #expect(route.allSatisfy { $0["compute"]?.objectValue != nil })
        let first = try #require(answer["translations"]?.arrayValue?.first?.objectValue)
        #expect(first["source_lang"]?.stringValue == "de")
        #expect(first["sentences"] == nil)
        #expect(
            try server.translate(
                #"{"text": "x", "source_lang": "de", "target_lang": "cc", "include": ["alignments"]}"#
            ).status == 422)
        let events = try server.translate(
            #"{"text": "Ein Mann.", "source_lang": "de", "target_lang": "cc", "stream": true}"#)
        #expect(String(decoding: events.body, as: UTF8.self).contains("\"route\""))
        _ = try translated(
            #"{"q": "Ein <b>Mann</b>", "source": "de", "target": "cc", "format": "html"}"#)
    }

    @Test(
        "What no model does is refused with what is wrong",
        arguments: [
            (#"{"text": "x", "model": "none"}"#, 404, "multi30k-de-en, ssru, nllb, encc"),
            (
                #"{"text": "x", "source_lang": "xx", "target_lang": "en"}"#, 422,
                "no model of this server"
            ),
            (
                #"{"text": ["Der Hund schläft in dem Haus seines Vaters.", "L'homme dort dans la maison de son père."], "target_lang": "en"}"#,
                422, "all texts of one request are in one language, here "
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
                == ["multi30k-de-en", "ssru", "nllb", "encc"])
        #expect(models[2].objectValue?["target_languages"]?.arrayValue?.count == 202)
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
