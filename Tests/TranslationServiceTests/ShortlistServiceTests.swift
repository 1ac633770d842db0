import Checkpoint
import Decoding
import Telemetry
import Tensor
import TestSupport
import Testing
import Tokenization
import TranslationService

@Suite("Requests that use a shortlist", .timeLimit(.minutes(10)))
struct ShortlistServiceTests {
    private let model: ServedModel
    private let service: TranslationService

    init() throws {
        let directory = try Repository.listedModel()
        model = try ServedModel(directory: directory.path, precision: .int8)
        var configuration = TranslationService.Configuration()
        configuration.workers = 3
        service = try TranslationService(
            model: model, configuration: configuration,
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
    }

    private func translate(
        _ texts: [String], shortlist: Bool = true,
        _ change: (inout TranslationRequest) -> Void = { _ in }
    ) throws -> TranslationResult {
        var options = DecodingOptions(exit: ExitRule(.full, layerCount: model.layerCount))
        options.usesShortlist = shortlist
        var request = TranslationRequest(
            texts: texts, options: options, maximumSourceTokens: 256)
        change(&request)
        return try #require(service.answer(to: request, within: 60)).get()
    }

    @Test(
        "A sentence has its own candidates: it is the same alone and among 63 others on three workers"
    )
    func alone() throws {
        let sentences = try Golden("own.json").cases[0].sentences.map(\.text)
        let many = (0..<64).map { sentences[$0 % sentences.count] }
        let together = try translate(many)
        for (index, text) in many.prefix(8).enumerated() {
            let alone = try translate([text]).translations[0]
            let other = together.translations[index]
            #expect(alone.outputs[0].hypothesis == other.outputs[0].hypothesis)
            #expect(alone.compute == other.compute)
            let ids = model.candidates(of: model.tokenizer.encode(text))
            #expect(alone.compute.shortlist?.inputs == 1)
            #expect(alone.compute.shortlist?.candidates == ids.count)
            #expect(alone.outputs[0].hypothesis.tokens.allSatisfy { ids.contains($0.id) })
        }
        let open = try translate(many, shortlist: false)
        #expect(open.translations.allSatisfy { $0.compute.shortlist == nil })
        #expect(
            open.translations.map { $0.outputs[0].text }
                != together.translations.map { $0.outputs[0].text })
        service.stop()
    }

    @Test("Of a text every sentence has its own, and every part of one that is too long")
    func parts() throws {
        let (first, second) = ("Ein Mann liest ein Buch,", "und zwei Hunde spielen im Schnee.")
        let sentences = try translate(["Ein Mann liest ein Buch. Zwei Hunde spielen."]) {
            $0.preparation = TextOptions()
        }
        #expect(sentences.translations[0].compute.shortlist?.inputs == 2)
        let limit = model.tokenizer.encode(first + " " + second).count - 1
        let whole = try translate([first + " " + second]) {
            $0.preparation = TextOptions()
            $0.maximumSourceTokens = limit
        }.translations[0]
        let parts = try translate([first, second]).translations
        let inputs = try #require(whole.compute.shortlist)
        #expect(inputs.inputs == 2)
        #expect(
            inputs.candidates == parts.reduce(0) { $0 + ($1.compute.shortlist?.candidates ?? 0) })
        service.stop()
    }
}
