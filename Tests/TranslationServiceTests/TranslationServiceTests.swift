import Decoding
import Dispatch
import Synchronization
import Telemetry
import Tensor
import TestSupport
import Testing
import TranslationModel
import TranslationService

private func makeService(
    _ directory: String = Repository.model, workers: Int = 2, precision: Precision = .float32
) throws -> TranslationService {
    let model = try ServedModel(directory: directory, precision: precision)
    var configuration = TranslationService.Configuration()
    configuration.workers = workers
    return try TranslationService(
        model: model, configuration: configuration,
        metrics: ServiceMetrics(registry: MetricRegistry(), model: model))
}

private func request(_ texts: [String], _ service: TranslationService) throws -> TranslationRequest
{
    TranslationRequest(
        texts: texts, options: DecodingOptions(exit: try ExitOptions().resolve(for: service.model)),
        maximumSourceTokens: 256)
}

/// Waits for the answer.
private func translate(
    _ request: TranslationRequest, _ service: TranslationService
) -> Result<TranslationResult, TranslationError>? {
    service.answer(to: request, within: 60)
}

@Suite("Requests on their way through the service", .timeLimit(.minutes(10)))
struct TranslationServiceTests {
    @Test(
        "A text of more tokens than the model has positions is refused, whatever a request allows")
    func fewPositions() throws {
        let variant = "Tests/Golden/variants/untied-projection"
        let directory = try TemporaryDirectory()
        for name in try Repository.names(in: variant) {
            try directory.write(Repository.bytes("\(variant)/\(name)"), to: name)
        }
        let text = String(decoding: try Repository.bytes("\(variant)/config.json"), as: UTF8.self)
        let short = text.replacing(
            "\"max_position_embeddings\": 64", with: "\"max_position_embeddings\": 2")
        #expect(short != text)
        try directory.write(Array(short.utf8), to: "config.json")
        let service = try makeService(directory.path)
        let faults = try ["Ein Mann liest ein Buch und noch eines.", ""].flatMap {
            text -> [RequestFault] in
            var long = try request([text], service)
            long.maximumSourceTokens = .max
            guard case .failure(.invalid(let invalid)) = translate(long, service) else { return [] }
            return invalid.faults
        }
        #expect(faults.map(\.kind) == [.textTooLong])
        service.stop()
    }

    @Test(
        "A sentence gets the same hypotheses alone and among 63 others",
        arguments: Precision.allCases)
    func resultsDoNotDependOnTheBatch(precision: Precision) throws {
        let service = try makeService(precision: precision)
        let sentences = try Golden("own.json").cases[0].sentences.map(\.text)
        let many = (0..<64).map { sentences[$0 % sentences.count] }
        let together = try #require(translate(request(many, service), service)).get()
        for (index, text) in many.prefix(8).enumerated() {
            let alone = try #require(translate(request([text], service), service)).get()
            #expect(
                alone.translations[0].outputs[0].hypothesis
                    == together.translations[index].outputs[0].hypothesis)
            #expect(alone.translations[0].compute == together.translations[index].compute)
        }
        service.stop()
    }

    @Test("A text without pieces is answered with nothing and costs nothing")
    func blankText() throws {
        let service = try makeService(workers: 1)
        let result = try #require(translate(request([" ", "Ein Hund."], service), service)).get()
        #expect(result.translations[0].outputs[0].text == "")
        #expect(result.translations[0].compute.operations.executed == 0)
        #expect(result.translations[1].compute.targetTokens > 0)
        service.stop()
    }

    @Test("A request whose deadline has passed is not translated")
    func deadline() throws {
        let service = try makeService(workers: 1)
        var late = try request(["Ein Hund."], service)
        late.timeout = 0
        guard case .failure(.deadlineExceeded) = translate(late, service) else {
            Issue.record("the deadline did not count")
            return
        }
        service.stop()
    }

    @Test("A text over the token limit is refused by its number")
    func tooLong() throws {
        let service = try makeService(workers: 1)
        var long = try request(["Ein Hund.", "Ein Hund und noch ein Hund."], service)
        long.maximumSourceTokens = 5
        guard case .failure(.invalid(let invalid)) = translate(long, service) else {
            Issue.record("nothing was refused")
            return
        }
        #expect(invalid.faults.map(\.kind) == [.textTooLong])
        #expect(invalid.faults.map(\.index) == [1])
        service.stop()
    }

    @Test("Giving a request up answers it once")
    func cancellation() throws {
        let service = try makeService(workers: 1)
        let answers = Atomic<Int>(0)
        let answered = DispatchSemaphore(value: 0)
        let cancel = service.submit(
            try request(Array(repeating: "Ein Hund im Schnee.", count: 64), service)
        ) { _ in
            answers.wrappingAdd(1, ordering: .relaxed)
            answered.signal()
        }
        cancel()
        cancel()
        #expect(answered.wait(timeout: .now() + 60) == .success)
        service.stop()
        #expect(answers.load(ordering: .relaxed) == 1)
    }

    @Test("A stopping service finishes what it has and refuses what comes")
    func stopping() throws {
        let service = try makeService()
        let done = Atomic<Int>(0)
        for _ in 0..<8 {
            _ = service.submit(try request(["Ein Hund im Schnee."], service)) { result in
                if case .success = result { done.wrappingAdd(1, ordering: .relaxed) }
            }
        }
        service.stop()
        #expect(done.load(ordering: .relaxed) == 8)
        guard case .failure(.shuttingDown) = translate(try request(["x"], service), service) else {
            Issue.record("a stopped service took a request")
            return
        }
    }
}
