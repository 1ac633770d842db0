import Checkpoint
import Decoding
import Dispatch
import System
import Telemetry
import TestSupport
import Testing
import TranslationService

/// A service of one worker, and what its metrics say.
///
/// Its worker calls completions, so what is submitted in one is there before the worker goes on: tests
/// that submit there depend on no timing.
struct SharedWorker: Sendable {
    let service: TranslationService
    let time = Lock(0.0)
    private let registry = MetricRegistry()

    /// The shipped model's service; the time goes on by `secondsPerLook` whenever somebody asks for it.
    init(
        maximumSequences: Int, maximumQueuedTokens: Int = 65_536, workers: Int = 1,
        secondsPerLook: Double = 0,
        startThread: (Int, @escaping @Sendable () -> Void) -> Bool = { niceness, body in
            WorkerThread.start(niceness: niceness, body)
        }
    ) throws {
        let model = try ServedModel(directory: Repository.model)
        var configuration = TranslationService.Configuration()
        configuration.maximumSequences = maximumSequences
        configuration.workers = workers
        configuration.maximumQueuedTokens = maximumQueuedTokens
        service = try TranslationService(
            model: model, configuration: configuration,
            metrics: ServiceMetrics(registry: registry, model: model),
            clock: { [time] in
                time.withLock { time in
                    time += secondsPerLook
                    return time
                }
            }, startThread: startThread)
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
            exit: ExitRule(.full, layerCount: layers))
        options.minimumTokens = length ?? 0
        options.maximumTokens = length
        return TranslationRequest(
            texts: Array(repeating: "Ein Hund im Schnee.", count: count), options: options,
            maximumSourceTokens: 256)
    }
}

/// What a test has seen, in order.
final class Record: Sendable {
    private let list = Lock<[String]>([])
    private let added = DispatchSemaphore(value: 0)

    func add(_ entry: String) {
        list.withLock { $0.append(entry) }
        added.signal()
    }

    /// Waits for `count` entries, a minute at most.
    func entries(_ count: Int) -> [String] {
        let end = DispatchTime.now() + 60
        for _ in 0..<count where added.wait(timeout: end) == .timedOut {
            Issue.record("\(count) entries were awaited")
            break
        }
        return list.withLock { $0 }
    }
}
