import Decoding
import Dispatch
import Telemetry
import TestSupport
import Testing
import Threads
import TranslationService

/// A service of one worker, and what its metrics say.
///
/// Its worker calls completions, so what is submitted in one is there before the worker goes on: tests
/// that submit there depend on no timing.
private struct SharedWorker: Sendable {
    let service: TranslationService
    let time = Lock(0.0)
    private let registry = MetricRegistry()

    init(maximumSequences: Int) throws {
        let model = try ServedModel(directory: Repository.model)
        var configuration = TranslationService.Configuration()
        configuration.maximumSequences = maximumSequences
        service = TranslationService(
            model: model, configuration: configuration,
            metrics: ServiceMetrics(registry: registry, model: model),
            clock: { [time] in time.withLock { $0 } })
    }

    /// The value of a metric, labels included in its name.
    func metric(_ name: String) -> Int? {
        let lines = registry.text.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap {
            Int($0.dropFirst(name.utf8.count + 1))
        }
    }

    var runningSentences: Int? { metric("shoal_running_sequences") }

    /// Rows that all steps so far have multiplied by the first layer: one a sentence and step.
    var rows: Int { metric(#"shoal_decoder_layer_rows_total{layer="1"}"#) ?? -1 }

    /// A greedy request at full depth.
    ///
    /// - Parameters:
    ///   - count: texts.
    ///   - length: tokens of each output; nil: as long as it comes.
    /// - Returns: one of equal texts.
    func request(texts count: Int, length: Int? = nil) -> TranslationRequest {
        let layers = service.model.layerCount
        var options = DecodingOptions(
            exit: ExitRule(policy: .full, bounds: 1...layers, layerCount: layers))
        options.minimumTokens = length ?? 0
        options.maximumTokens = length
        return TranslationRequest(
            texts: Array(repeating: "Ein Hund im Schnee.", count: count), options: options,
            maximumSourceTokens: 256)
    }
}

/// What a test has seen, in order.
private final class Record: Sendable {
    private let list = Lock<[String]>([])
    private let added = DispatchSemaphore(value: 0)

    func add(_ entry: String) {
        list.withLock { $0.append(entry) }
        added.signal()
    }

    /// Waits for `count` entries.
    func entries(_ count: Int) -> [String] {
        for _ in 0..<count { added.wait() }
        return list.withLock { $0 }
    }
}

@Suite("Requests that share a worker")
struct SharingTests {
    @Test("A short request behind a long one takes part in the first step")
    func shortBehindLong() throws {
        let worker = try SharedWorker(maximumSequences: 2)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            let before = worker.rows
            _ = worker.service.submit(worker.request(texts: 20)) { _ in record.add("long") }
            _ = worker.service.submit(worker.request(texts: 1)) { result in
                let tokens = try? result.get().translations[0].compute.targetTokens
                #expect(worker.rows - before == tokens.map { 2 * $0 })
                record.add("short")
            }
        }
        #expect(record.entries(2) == ["short", "long"])
        worker.service.stop()
    }

    @Test("A short request that comes while a long one runs has the place that is free next")
    func newcomer() throws {
        let worker = try SharedWorker(maximumSequences: 2)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            _ = worker.service.submit(worker.request(texts: 20, length: 5)) { _ in
                record.add("long")
            }
            _ = worker.service.submit(worker.request(texts: 1, length: 7)) { _ in
                let before = worker.rows
                _ = worker.service.submit(worker.request(texts: 1, length: 6)) { _ in
                    #expect(worker.rows - before == 2 * 6)
                    record.add("newcomer")
                }
            }
        }
        #expect(record.entries(2) == ["newcomer", "long"])
        worker.service.stop()
    }

    @Test("A stream of short requests leaves a long one its turns")
    func streamOfNewcomers() throws {
        let worker = try SharedWorker(maximumSequences: 1)
        let record = Record()
        let texts = 5
        @Sendable func stream(_ remaining: Int) {
            _ = worker.service.submit(worker.request(texts: 1, length: 2)) { _ in
                if remaining > 1 { stream(remaining - 1) }
                record.add("short")
            }
        }
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            _ = worker.service.submit(worker.request(texts: texts, length: 2)) { _ in
                record.add("long")
            }
            for _ in 0..<3 { stream(20) }
        }
        let place = try #require(record.entries(61).firstIndex(of: "long"))
        // Before each of its turns come the three short ones that wait, and the two that may join.
        #expect(place <= 5 * texts)
        worker.service.stop()
    }

    @Test("What is given up takes part in no further step")
    func cancellation() throws {
        let worker = try SharedWorker(maximumSequences: 3)
        let record = Record()
        let cancel = Lock<(@Sendable () -> Void)?>(nil)
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            let long = worker.service.submit(worker.request(texts: 4, length: 200)) { result in
                if case .failure(.cancelled) = result { record.add("cancelled") }
            }
            cancel.withLock { $0 = long }
            _ = worker.service.submit(worker.request(texts: 1, length: 4)) { _ in
                #expect(worker.runningSentences == 2)
                cancel.withLock { $0 }?()
                expectAlone(worker, record)
            }
        }
        #expect(record.entries(2) == ["cancelled", "alone"])
        worker.service.stop()
    }

    @Test("What is past its deadline takes part in no further step")
    func deadline() throws {
        let worker = try SharedWorker(maximumSequences: 3)
        let record = Record()
        _ = worker.service.submit(worker.request(texts: 1)) { _ in
            var long = worker.request(texts: 4, length: 200)
            long.timeout = 1
            _ = worker.service.submit(long) { result in
                if case .failure(.deadlineExceeded) = result { record.add("late") }
            }
            _ = worker.service.submit(worker.request(texts: 1, length: 4)) { _ in
                #expect(worker.runningSentences == 2)
                worker.time.withLock { $0 = 1 }
                expectAlone(worker, record)
            }
        }
        #expect(record.entries(2) == ["late", "alone"])
        worker.service.stop()
    }
}

/// Submits a request, and expects that it has all steps until its answer for itself.
private func expectAlone(_ worker: SharedWorker, _ record: Record) {
    let before = worker.rows
    _ = worker.service.submit(worker.request(texts: 1, length: 9)) { _ in
        #expect(worker.rows - before == 9)
        #expect(worker.runningSentences == 0)
        #expect(worker.metric("shoal_queue_requests") == 0)
        record.add("alone")
    }
}
