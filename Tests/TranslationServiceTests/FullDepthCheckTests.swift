import Checkpoint
import Decoding
import Foundation
import System
import Telemetry
import TestSupport
import Testing
import TranslationService

/// A service of one worker that decodes sentences again, and what it found.
private struct CheckingService: Sendable {
    let service: TranslationService
    /// What happened, in order: answers by their names, `check`, `drop`.
    let events: Monitor<[String]>
    let found: Monitor<[CheckedSentence]>

    init(share: Double = 1, capacity: Int = 256) throws {
        let model = try ServedModel(directory: Repository.model)
        let (events, found) = (Monitor<[String]>([]), Monitor<[CheckedSentence]>([]))
        (self.events, self.found) = (events, found)
        let checks = FullDepthChecks(
            share: share, capacity: capacity,
            deliver: { sentence in
                found.change { $0.append(sentence) }
                events.change { $0.append("check") }
            },
            drop: { _, count in events.change { $0 += Array(repeating: "drop", count: count) } })
        service = try TranslationService(
            model: model, configuration: .init(),
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model), checks: checks)
    }

    /// A request that layer 1 answers, under a certificate of it or under none.
    func request(_ texts: [String], isCertified: Bool = true) -> TranslationRequest {
        let model = service.model
        let rule = ExitRule(.fixed, .init(layer: 1), layerCount: model.layerCount)
        var request = TranslationRequest(
            texts: texts, options: DecodingOptions(exit: rule, scores: false),
            maximumSourceTokens: 256)
        request.certificate = ExitCertificate(
            risk: .chrF, delta: 0.1, epsilon: 0.05, sentences: 100,
            text: String(repeating: "0", count: 64), network: model.networkChecksum,
            precision: "float32", policy: .fixed, layer: 1, thresholds: nil, candidates: nil,
            operations: 0.3, averageExit: 1)
        if !isCertified { request.certificate = nil }
        return request
    }

    /// Submits a request; what is done with its answer is done on the worker's thread.
    func submit(
        _ name: String, _ request: TranslationRequest, then: @escaping @Sendable () -> Void = {}
    ) {
        _ = service.submit(request) { [events] result in
            guard case .success = result else {
                Issue.record("\(name): \(result)")
                return
            }
            events.change { $0.append(name) }
            then()
        }
    }

    /// Waits for so many events.
    func events(_ count: Int) -> [String] { events.waitLimited { $0.count >= count ? $0 : nil } }

    /// The text that a rule gives.
    func text(_ source: String, _ policy: ExitPolicy, layer: Int? = nil) throws -> String {
        let translator = try CorpusTranslator(service.model, workers: 1)
        let options = DecodingOptions(
            exit: ExitRule(
                policy, .init(layer: layer), layerCount: service.model.layerCount), scores: false)
        var text = ""
        try translator.translate(
            [source], options: { _ in options }, deliver: { text = $1.outputs[0].text })
        return text
    }
}

/// Sentences of the shipped sample, from the first again where it has fewer.
private func sample(_ count: Int) throws -> [String] {
    let text = String(
        decoding: try Repository.bytes("models/multi30k-de-en/sample.de"), as: UTF8.self)
    let lines = text.split(separator: "\n").map(String.init)
    return (0..<count).map { lines[$0 % lines.count] }
}

@Suite("Sentences that are decoded again at full depth", .timeLimit(.minutes(10)))
struct FullDepthCheckTests {
    @Test("are delivered with what was answered and with what full depth makes of them")
    func texts() throws {
        let checking = try CheckingService()
        let sources = try sample(3)
        checking.submit("answer", checking.request(sources))
        #expect(checking.events(4) == ["answer", "check", "check", "check"])
        let found = checking.found.withLock { $0 }
        #expect(found.allSatisfy { $0.certificate.layer == 1 })
        for source in sources {
            let (text, full) = try (
                checking.text(source, .fixed, layer: 1), checking.text(source, .full)
            )
            #expect(found.contains { $0.text == text && $0.full == full })
        }
        checking.service.stop()
    }

    @Test("wait while any request does, and give way to one that comes")
    func priority() throws {
        let checking = try CheckingService()
        let sources = try sample(3)
        // The worker answers: what is submitted there is in the queue before it looks for work.
        checking.submit("a", checking.request([sources[0]])) {
            checking.submit("b", checking.request([sources[1]])) {
                checking.submit("c", checking.request([sources[2]], isCertified: false))
            }
        }
        #expect(checking.events(5) == ["a", "b", "c", "check", "check"])
        checking.service.stop()
    }

    @Test("are each decoded once, however often a request takes their worker away")
    func interruptions() throws {
        let checking = try CheckingService()
        let sources = try sample(20)
        let answered = Monitor(0)
        for (index, source) in sources.enumerated() {
            checking.submit("answer", checking.request([source])) { answered.change { $0 += 1 } }
            answered.waitLimited { $0 > index ? () : nil }
        }
        let events = checking.events(40)
        #expect(events.count == 40)
        #expect(events.count { $0 == "check" } == 20)
        let texts = checking.found.withLock { $0.map(\.text) }
        let expected = try sources.prefix(10).map { try checking.text($0, .fixed, layer: 1) }
        #expect(texts.sorted() == (expected + expected).sorted())
        checking.service.stop()
    }

    @Test("are the newest where more wait than there is room for, and the others are counted")
    func bounds() throws {
        let checking = try CheckingService(capacity: 4)
        checking.submit("answer", checking.request(try sample(10)))
        let events = checking.events(11)
        #expect(events.count { $0 == "drop" } == 6)
        #expect(events.suffix(4) == ["check", "check", "check", "check"])
        checking.service.stop()
        #expect(checking.events.withLock { $0.count } == 11)
    }

    @Test("are a share of those under a certificate, the same ones with the same seed")
    func share() throws {
        let sources = try sample(40)
        let runs = try (0..<2).map { _ in
            let checking = try CheckingService(share: 0.25)
            let answered = Monitor(0)
            for (index, source) in sources.enumerated() {
                let request = checking.request([source], isCertified: index < 30)
                checking.submit("answer", request) { answered.change { $0 += 1 } }
                answered.waitLimited { $0 > index ? () : nil }
            }
            checking.service.stop()
            let events = checking.events.withLock { $0 }
            return events.count { $0 != "answer" }
        }
        #expect(runs[0] == runs[1])
        #expect((1...15).contains(runs[0]))
    }

    @Test("that wait when a service ends are counted as dropped, and hold nothing up")
    func end() throws {
        let checking = try CheckingService()
        let answered = Monitor(false)
        checking.submit("answer", checking.request(try sample(10))) {
            answered.change { $0 = true }
        }
        answered.waitLimited { $0 ? () : nil }
        checking.service.stop()
        let events = checking.events.withLock { $0 }
        #expect(events.count == 11 && events.first == "answer")
    }
}
