import Checkpoint
public import Telemetry
import TranslationModel

/// What the service counts; the names are those of the dashboard and the alerts.
public struct ServiceMetrics: Sendable {
    let queueCapacity: Gauge
    let queueTokenCapacity: Gauge
    let queueDuration: Histogram
    let runningSequences: Gauge
    let encodeBatch: Histogram
    let decodeBatch: Histogram
    let encodeDuration: Histogram
    let decodeDuration: Histogram
    let layerRows: [Counter]
    let timeToFirstToken: Histogram
    private let queuedRequests: Gauge
    private let queuedTokens: Gauge
    private let requests: MetricFamily<Counter>
    private let duration: Histogram
    private let rejected: MetricFamily<Counter>
    private let cancelled: MetricFamily<Counter>
    private let sourceTokens: Counter
    private let targetTokens: Counter
    private let exitLayer: MetricFamily<Histogram>
    private let layersRun: Counter
    private let layersFullDepth: Counter
    private let operations: Counter
    private let operationsFullDepth: Counter

    private static let seconds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    private static let sequences = [1.0, 2, 4, 8, 16, 32, 64, 128, 256]
    private static let results = ["ok", "invalid", "rejected", "deadline", "cancelled", "error"]

    /// The family of refusals, which the stages before this one count in, too.
    ///
    /// - Parameters:
    ///   - reasons: those that are shown as zero until they happen.
    ///   - registry: where the family is registered, or found.
    /// - Returns: counters labelled with the reason.
    public static func rejected(_ reasons: [String], in registry: MetricRegistry)
        -> MetricFamily<Counter>
    {
        registry.counters(
            "shoal_rejected_requests_total", help: "Requests refused before any work.",
            labels: ["reason"], zeroes: reasons.map { [$0] })
    }

    /// Registers the metrics of a model's service.
    public init(registry: MetricRegistry, model: ServedModel) {
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counters(name, help: help).labeled()
        }
        func seconds(_ name: String, _ help: String) -> Histogram {
            registry.histograms(name, help: help, bounds: Self.seconds).labeled()
        }
        requests = registry.counters(
            "shoal_translate_requests_total", help: "Translation requests by how they ended.",
            labels: ["model", "result"], zeroes: Self.results.map { [model.id, $0] })
        duration = seconds(
            "shoal_translate_duration_seconds", "Time from submission to answer of a request.")
        queuedRequests = registry.gauges(
            "shoal_queue_requests", help: "Requests with texts that wait for a worker."
        ).labeled()
        queueCapacity = registry.gauges(
            "shoal_queue_capacity_requests", help: "Requests that may wait."
        ).labeled()
        queuedTokens = registry.gauges(
            "shoal_queue_source_tokens", help: "Source tokens that wait for a worker."
        ).labeled()
        queueTokenCapacity = registry.gauges(
            "shoal_queue_capacity_source_tokens", help: "Source tokens that may wait."
        ).labeled()
        queueDuration = seconds("shoal_queue_duration_seconds", "Time that requests waited.")
        runningSequences = registry.gauges(
            "shoal_running_sequences", help: "Sentences being decoded."
        ).labeled()
        let batches = registry.histograms(
            "shoal_batch_sequences", help: "Rows that were computed together.",
            bounds: Self.sequences, labels: ["stage"], zeroes: [["encode"], ["decode"]])
        encodeBatch = batches.labeled("encode")
        decodeBatch = batches.labeled("decode")
        rejected = Self.rejected(["overloaded", "shutting_down"], in: registry)
        cancelled = registry.counters(
            "shoal_cancelled_requests_total", help: "Requests cancelled after they were accepted.",
            labels: ["cause"], zeroes: [["client"], ["deadline"]])
        encodeDuration = seconds("shoal_encode_duration_seconds", "Time of an encoder run.")
        decodeDuration = seconds("shoal_decode_duration_seconds", "Time of a decoding step.")
        timeToFirstToken = seconds(
            "shoal_time_to_first_token_seconds",
            "Time from submission of a request to its first token.")
        sourceTokens = counter("shoal_source_tokens_total", "Source tokens translated.")
        targetTokens = counter("shoal_target_tokens_total", "Target tokens returned.")
        let layers = (1...model.layerCount).map(Double.init)
        exitLayer = registry.histograms(
            "shoal_decoder_exit_layer", help: "Exit layers of returned tokens.",
            bounds: layers, labels: ["model", "policy"],
            zeroes: ExitPolicy.allCases.map { [model.id, $0.rawValue] })
        layersRun = counter("shoal_decoder_layers_run_total", "Sum of the exit layers.")
        layersFullDepth = counter(
            "shoal_decoder_layers_full_depth_total", "The same tokens at full depth.")
        operations = counter("shoal_decoder_flops_total", "Decoder operations computed.")
        operationsFullDepth = counter(
            "shoal_decoder_flops_full_depth_total", "The same steps at full depth.")
        let rows = registry.counters(
            "shoal_decoder_layer_rows_total", help: "Rows multiplied by each decoder layer.",
            labels: ["layer"], zeroes: (1...model.layerCount).map { [String($0)] })
        layerRows = (1...model.layerCount).map { rows.labeled(String($0)) }
    }

    /// Shows how much waits now: by its change, for a service that replaces another shares the gauges.
    func show(_ queue: inout TranslationService.Queue) {
        let now = (requests: queue.requestCount, tokens: queue.tokenCount)
        queuedRequests.add(Double(now.requests - queue.shown.requests))
        queuedTokens.add(Double(now.tokens - queue.shown.tokens))
        queue.shown = now
    }

    /// Counts how a request ended.
    func count(_ result: Result<TranslationResult, TranslationError>, model: ServedModel) {
        requests.labeled(model.id, Self.label(result)).increment()
        switch result {
        case .success(let result): count(result, model)
        case .failure(.overloaded): rejected.labeled("overloaded").increment()
        case .failure(.shuttingDown): rejected.labeled("shutting_down").increment()
        case .failure(.cancelled): cancelled.labeled("client").increment()
        case .failure(.deadlineExceeded): cancelled.labeled("deadline").increment()
        case .failure(.invalid), .failure(.decoding): break
        }
    }

    private func count(_ result: TranslationResult, _ model: ServedModel) {
        duration.observe(result.timings.total)
        sourceTokens.increment(by: result.sourceTokens)
        for translation in result.translations {
            let compute = translation.compute
            targetTokens.increment(by: compute.targetTokens)
            layersRun.increment(by: compute.layersRun)
            layersFullDepth.increment(by: compute.layersFullDepth)
            operations.increment(by: compute.operations.executed)
            operationsFullDepth.increment(by: compute.operations.fullDepth)
            let exits = exitLayer.labeled(model.id, compute.policy.rawValue)
            for (index, count) in compute.exitHistogram.enumerated() where count > 0 {
                exits.observe(Double(index + 1), times: count)
            }
        }
    }

    private static func label(_ result: Result<TranslationResult, TranslationError>) -> String {
        switch result {
        case .success: "ok"
        case .failure(.invalid): "invalid"
        case .failure(.overloaded), .failure(.shuttingDown): "rejected"
        case .failure(.deadlineExceeded): "deadline"
        case .failure(.cancelled): "cancelled"
        case .failure(.decoding): "error"
        }
    }
}
