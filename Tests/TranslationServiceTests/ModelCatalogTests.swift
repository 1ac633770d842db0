import Decoding
import Dispatch
import LanguageTags
import System
import Telemetry
import TestSupport
import Testing
import Tokenization
import TranslationModel
import TranslationService

/// Models of three formats: de to en, aa to bb, and many languages.
private enum Models {
    static let pair = Result { try ServedModel(directory: Repository.model) }
    static let other = Result {
        try ServedModel(directory: Repository.path("Tests/Golden/marian/ssru"))
    }
    static let many = Result {
        try ServedModel(directory: Repository.path("Tests/Golden/languages/nllb"))
    }

    static func catalog() throws -> ModelCatalog {
        ModelCatalog([try pair.get(), try other.get(), try many.get()])
    }
}

@Suite("Several models", .timeLimit(.minutes(10)))
struct ModelCatalogTests {
    private func chosen(
        _ catalog: ModelCatalog, _ name: String?, _ source: String?, _ target: String?,
        found: String? = nil
    ) -> String {
        let model = catalog.model(named: name, from: source, to: target) {
            found.flatMap { LanguageTag($0) }
        }
        return "\(model.id) \(model.languages.source ?? "?")-\(model.languages.target ?? "?")"
    }

    @Test("A request goes to the model that it names, or to the first that translates its pair")
    func routing() throws {
        let catalog = try Models.catalog()
        let first = "multi30k-de-en de-en"
        #expect(chosen(catalog, nil, nil, nil) == first)
        #expect(chosen(catalog, nil, "de", "en") == first)
        #expect(chosen(catalog, nil, "de-AT", "en-GB") == first)
        #expect(chosen(catalog, nil, nil, "bb") == "ssru aa-bb")
        #expect(chosen(catalog, nil, "aa", nil) == "ssru aa-bb")
        #expect(chosen(catalog, nil, "fr", "zh-TW") == "nllb fr-zh-Hant")
        #expect(chosen(catalog, nil, "de", "fr") == "nllb de-fr")
        #expect(chosen(catalog, "nllb", "de", "en") == "nllb de-en")
        #expect(chosen(catalog, nil, nil, "en", found: "fr") == "nllb fr-en")
        #expect(chosen(catalog, nil, nil, "en", found: "de") == first)
    }

    @Test(
        "Where no model serves, the one that was named or the standard one is what the fields are held against"
    )
    func fallback() throws {
        let catalog = try Models.catalog()
        #expect(chosen(catalog, nil, "xx", "en") == "multi30k-de-en de-en")
        #expect(chosen(catalog, "ssru", "de", "en") == "ssru aa-bb")
        #expect(chosen(catalog, "none", "aa", "bb") == "multi30k-de-en de-en")
        #expect(chosen(catalog, nil, "de--", "en") == "multi30k-de-en de-en")
        let many = try Models.many.get()
        #expect(many.serving(from: nil, to: LanguageTag("en")) == nil || !many.lacksSource)
        #expect(many.lacksTarget)
        #expect(try Models.pair.get().lacksTarget == false)
    }

    @Test(
        "A model of many languages has the shortest tags that tell them apart, and shares its network among pairs"
    )
    func views() throws {
        let many = try Models.many.get()
        #expect(many.isMultilingual)
        for tag in ["de", "en", "ar", "zh-Hans", "zh-Hant", "ace-Arab", "ms", "lv"] {
            #expect(many.targets.contains(tag))
        }
        #expect(!many.targets.contains("zh"))
        let view = try #require(many.serving(from: LanguageTag("de"), to: LanguageTag("en")))
        #expect(view !== many)
        #expect(view.network === many.network)
        #expect(view === many.serving(from: LanguageTag("deu"), to: LanguageTag("en-US")))
        #expect(view.tokenizer.targetPrefix.count == 1)
        #expect(many.serving(from: LanguageTag("tlh"), to: LanguageTag("en")) == nil)
    }

    @Test("Pairs of a catalog are those of its models, each once")
    func pairs() throws {
        let pairs = try Models.catalog().pairs
        #expect(pairs.first.map { "\($0.source) \($0.target)" } == "de en")
        #expect(Set(pairs.map { "\($0.source) \($0.target)" }).count == pairs.count)
        #expect(pairs.contains { $0.source == "fr" && $0.target == "zh-Hant" })
        #expect(!pairs.contains { $0.source == $0.target })
    }

    @Test("What a request gets does not depend on requests for other models in the same workers")
    func mixed() throws {
        let catalog = try Models.catalog()
        var configuration = TranslationService.Configuration()
        configuration.workers = 2
        let service = try TranslationService(
            catalog: catalog, configuration: configuration,
            metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))
        defer { service.stop() }
        let many = try Models.many.get()
        let models = [
            catalog.models[0], catalog.models[1],
            try #require(many.serving(from: LanguageTag("de"), to: LanguageTag("en"))),
            try #require(many.serving(from: LanguageTag("ar"), to: LanguageTag("fr"))),
        ]
        let texts = ["Ein Mann liest.", "ba be", "dafe ko", "ki lo ma"]
        func request(_ index: Int) throws -> TranslationRequest {
            var request = TranslationRequest(
                texts: [texts[index % texts.count]],
                options: DecodingOptions(
                    exit: try ExitOptions().resolve(for: models[index % models.count])),
                maximumSourceTokens: 60)
            request.model = models[index % models.count]
            return request
        }
        func answers(_ count: Int) throws -> [String] {
            let results = Lock([String](repeating: "", count: count))
            let done = DispatchSemaphore(value: 0)
            for index in 0..<count {
                _ = service.submit(try request(index)) { result in
                    let text = (try? result.get()).map {
                        $0.translations[0].outputs[0].text
                            + " \($0.translations[0].compute.targetTokens)"
                    }
                    results.withLock { $0[index] = text ?? "failed" }
                    done.signal()
                }
            }
            for _ in 0..<count { #expect(done.wait(timeout: .now() + 120) == .success) }
            return results.withLock { $0 }
        }
        var alone: [String] = []
        for index in models.indices {
            let all = try answers(index + 1)
            alone.append(all[index])
        }
        #expect(!alone.contains("failed"))
        let together = try answers(64)
        for (index, answer) in together.enumerated() { #expect(answer == alone[index % 4]) }
    }

    /// Three models, aa to bb, bb to cc and cc to dd, with the same network.
    private func chain(_ pairs: [String] = ["aabb", "bbcc", "ccdd"]) throws -> ModelCatalog {
        var models: [ServedModel] = []
        for pair in pairs {
            let directory = try TemporaryDirectory()
            try directory.makeDirectory(pair)
            let folder = "Tests/Golden/marian/ssru"
            try directory.write(
                Repository.bytes("\(folder)/model.aabb.intgemm.alphas.bin"),
                to: "\(pair)/model.\(pair).bin")
            try directory.write(
                Repository.bytes("\(folder)/vocab.aabb.spm"), to: "\(pair)/vocab.spm")
            models.append(try ServedModel(directory: directory.path + "/" + pair))
        }
        return ModelCatalog(
            models, pivots: ["bb", "cc"].compactMap { LanguageTag($0) })
    }

    private func request(_ route: ModelRoute, _ text: String) throws -> TranslationRequest {
        func options(_ model: ServedModel) throws -> DecodingOptions {
            DecodingOptions(exit: try ExitOptions().resolve(for: model))
        }
        var request = TranslationRequest(
            texts: [text], options: try options(route.last), maximumSourceTokens: 1_000)
        request.model = route.last
        request.earlier = try route.hops.dropLast().map {
            EarlierHop(model: $0, options: try options($0))
        }
        return request
    }

    private func answer(
        _ request: TranslationRequest, _ service: TranslationService
    ) throws -> TranslationResult {
        try #require(service.answer(to: request, within: 120)).get()
    }

    @Test("No way over a pivot leads from a language to itself")
    func circles() throws {
        let catalog = try chain(["aabb", "bbaa"])
        for found in ["aa", "aa-AT"] {
            #expect(catalog.route(named: nil, from: found, to: "aa") { nil }.isDirect)
            #expect(
                catalog.route(named: nil, from: nil, to: "aa") { LanguageTag(found) }.isDirect)
        }
        #expect(catalog.pairs.map { $0.source + $0.target } == ["aabb", "bbaa"])
    }

    @Test("A route is found again in a catalog that has its models, and in no other")
    func again() throws {
        let catalog = try chain()
        let route = catalog.route(named: nil, from: "aa", to: "dd") { nil }
        let same = try #require(try chain().again(route))
        #expect(same.hops.map(\.id) == ["aabb", "bbcc", "ccdd"])
        #expect(same.hops[0] !== route.hops[0])
        #expect(try chain(["aabb", "bbcc"]).again(route) == nil)
        let alone = catalog.route(named: "bbcc", from: nil, to: nil) { nil }
        #expect(try chain().again(alone)?.last.id == "bbcc")
        #expect(try chain(["aabb", "ccdd"]).again(alone) == nil)
    }

    @Test("Over pivots a text passes through one model after the other, as if each were asked")
    func pivots() throws {
        let catalog = try chain()
        let service = try TranslationService(
            catalog: catalog, configuration: TranslationService.Configuration(),
            metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))
        defer { service.stop() }
        for (target, count) in [("bb", 1), ("cc", 2), ("dd", 3)] {
            let route = catalog.route(named: nil, from: "aa", to: target) { nil }
            #expect(route.hops.count == count)
            #expect(route.model.languages.source == "aa")
            #expect(route.model.languages.target == target)
            let whole = try answer(request(route, "ba be di"), service)
            var text = "ba be di"
            var operations: [Int] = []
            for model in route.hops {
                let source = try #require(model.languages.source)
                let single = catalog.route(
                    named: nil, from: source, to: model.languages.target
                ) { nil }
                let step = try answer(request(single, text), service)
                text = step.translations[0].outputs[0].text
                operations.append(step.translations[0].compute.operations.executed)
            }
            #expect(whole.translations[0].outputs[0].text == text)
            #expect(
                whole.earlier.map(\.compute.operations.executed) == operations.dropLast())
            #expect(whole.timings.total >= whole.timings.queue)
        }
        #expect(catalog.route(named: nil, from: "dd", to: "aa") { nil }.isDirect)
        #expect(catalog.route(named: "aabb", from: "aa", to: "cc") { nil }.isDirect)
        #expect(
            catalog.pairs.map { $0.source + $0.target }
                == ["aabb", "bbcc", "ccdd", "aacc", "aadd", "bbdd"])
    }

    @Test(
        "A request on its way is finished by a service that stops, and given up where nobody waits for it"
    )
    func ends() throws {
        let catalog = try chain()
        for isCancelled in [false, true] {
            let service = try TranslationService(
                catalog: catalog, configuration: TranslationService.Configuration(),
                metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))
            let route = catalog.route(named: nil, from: "aa", to: "dd") { nil }
            let answers = Lock<[Bool]>([])
            let done = DispatchSemaphore(value: 0)
            for _ in 0..<20 {
                let cancel = service.submit(try request(route, "ba be di ko lu")) { result in
                    answers.withLock { $0.append((try? result.get()) != nil) }
                    done.signal()
                }
                if isCancelled { cancel() }
            }
            service.stop()
            for _ in 0..<20 { #expect(done.wait(timeout: .now() + 120) == .success) }
            #expect(answers.withLock { $0.count } == 20)
            if !isCancelled { #expect(answers.withLock { $0.allSatisfy(\.self) }) }
        }
    }
}
