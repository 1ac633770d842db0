import Decoding
import System
import TestSupport
import Testing
import TranslationService

@Suite("Progress of a request", .timeLimit(.minutes(10)))
struct ProgressTests {
    /// What was reported, and the result at the end.
    private struct Report {
        var tokens: [TokenEvent] = []
        var sentences: [SentenceEvent] = []
        /// Index of each event's text, in order.
        var order: [Int] = []
        var result: Result<TranslationResult, TranslationError>?
    }

    /// Submits and waits; the service's workers may be several.
    private func report(
        _ request: TranslationRequest, _ service: TranslationService
    ) throws -> Report {
        let report = Lock(Report())
        let record = Record()
        _ = service.submit(
            request,
            progress: { event in
                report.withLock { report in
                    #expect(report.result == nil, "an event came after the answer")
                    switch event {
                    case .token(let token):
                        report.tokens.append(token)
                        report.order.append(token.index)
                    case .sentence(let sentence):
                        report.sentences.append(sentence)
                        report.order.append(sentence.index)
                    }
                }
            },
            completion: { result in
                report.withLock { $0.result = result }
                record.add("done")
            })
        _ = record.entries(1)
        return report.withLock { $0 }
    }

    @Test("Greedy search reports every token of every text as it ends up, with its characters")
    func greedy() throws {
        let worker = try SharedWorker(maximumSequences: 4)
        var request = worker.request(texts: 1)
        request.texts = try Golden("own.json").cases[0].sentences.prefix(6).map(\.text) + [" "]
        let report = try report(request, worker.service)
        let translations = try #require(report.result).get().translations
        for (index, translation) in translations.enumerated() {
            let output = translation.outputs[0]
            let tokens = report.tokens.filter { $0.index == index }
            #expect(tokens.map(\.token) == output.hypothesis.tokens)
            #expect(tokens.map(\.piece) == output.pieces)
            #expect(tokens.map(\.position) == Array(tokens.indices))
            #expect(tokens.map(\.text).joined() == output.text)
        }
        #expect(Set(report.sentences.map(\.index)) == Set(translations.indices))
        for sentence in report.sentences {
            #expect(sentence.text == translations[sentence.index].outputs[0].text)
        }
        worker.service.stop()
    }

    @Test("A beam reports sentences alone")
    func beam() throws {
        let worker = try SharedWorker(maximumSequences: 4)
        var request = worker.request(texts: 3)
        request.options.beamSize = 4
        let report = try report(request, worker.service)
        #expect(report.tokens.isEmpty)
        #expect(report.sentences.map(\.index).sorted() == [0, 1, 2])
        worker.service.stop()
    }

    @Test("A request that is given up reports nothing more")
    func cancellation() throws {
        let worker = try SharedWorker(maximumSequences: 2)
        let record = Record()
        let cancel = Lock<(@Sendable () -> Void)?>(nil)
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            let long = worker.service.submit(
                worker.request(texts: 1, length: 200),
                progress: { event in
                    if case .token = event { record.add("token") }
                },
                completion: { _ in record.add("cancelled") })
            cancel.withLock { $0 = long }
            _ = worker.service.submit(worker.request(texts: 1, length: 4)) { _ in
                cancel.withLock { $0 }?()
                record.add("other")
            }
        }
        // The step that ends the other request has reported its token already.
        #expect(
            record.entries(6) == ["token", "token", "token", "token", "cancelled", "other"])
        worker.service.stop()
        #expect(worker.metric("shoal_time_to_first_token_seconds_count") == 3)
    }
}
