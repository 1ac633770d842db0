import Checkpoint
import Decoding
import Telemetry
import TranslationModel

/// What waits.
struct QueueMetrics: Sendable {
    let capacity: Gauge
    let tokenCapacity: Gauge
    let duration: Histogram
    private let requests: Gauge
    private let tokens: Gauge

    init(_ registry: MetricRegistry) {
        requests = registry.gauge(
            "shoal_queue_requests", help: "Requests with texts that wait for a worker.")
        capacity = registry.gauge("shoal_queue_capacity_requests", help: "Requests that may wait.")
        tokens = registry.gauge(
            "shoal_queue_source_tokens", help: "Source tokens that wait for a worker.")
        tokenCapacity = registry.gauge(
            "shoal_queue_capacity_source_tokens", help: "Source tokens that may wait.")
        duration = registry.seconds("shoal_queue_duration_seconds", "Time that requests waited.")
    }

    /// Shows how much waits now: by its change, for a service that replaces another shares the gauges.
    func show(_ queue: inout TranslationService.Queue) {
        let now = (requests: queue.requestCount, tokens: queue.tokenCount)
        requests.add(Double(now.requests - queue.shown.requests))
        tokens.add(Double(now.tokens - queue.shown.tokens))
        queue.shown = now
    }
}

/// What is computed together.
struct BatchMetrics: Sendable {
    let running: Gauge
    let encode: Histogram
    let decode: Histogram

    private static let sizes = [1.0, 2, 4, 8, 16, 32, 64, 128, 256]

    init(_ registry: MetricRegistry) {
        running = registry.gauge("shoal_running_sequences", help: "Sentences being decoded.")
        let batches = registry.histograms(
            "shoal_batch_sequences", help: "Rows that were computed together.",
            bounds: Self.sizes, labels: ["stage"], zeroes: [["encode"], ["decode"]])
        encode = batches.labeled("encode")
        decode = batches.labeled("decode")
    }
}

/// How long the stages of a worker take.
struct StageTimes: Sendable {
    let encode: Histogram
    let decode: Histogram
    let firstToken: Histogram

    init(_ registry: MetricRegistry) {
        encode = registry.seconds("shoal_encode_duration_seconds", "Time of an encoder run.")
        decode = registry.seconds("shoal_decode_duration_seconds", "Time of a decoding step.")
        firstToken = registry.seconds(
            "shoal_time_to_first_token_seconds",
            "Time from submission of a request to its first token.")
    }
}

/// How deep tokens went, and what that cost.
struct DepthMetrics: Sendable {
    /// Rows multiplied by each decoder layer, layer 1 first.
    let layerRows: [Counter]
    private let sourceTokens: Counter
    private let targetTokens: Counter
    private let exitLayer: MetricFamily<Histogram>
    private let layersRun: Counter
    private let layersFullDepth: Counter
    private let operations: Counter
    private let operationsFullDepth: Counter
    private let acceptedDrafts: Counter
    private let rejectedDrafts: Counter
    private let passes: Counter

    init(_ registry: MetricRegistry, _ catalog: ModelCatalog) {
        let layers = 1...catalog.models.reduce(1) { max($0, $1.layerCount) }
        sourceTokens = registry.counter(
            "shoal_source_tokens_total", help: "Source tokens translated.")
        targetTokens = registry.counter(
            "shoal_target_tokens_total", help: "Target tokens returned.")
        exitLayer = registry.histograms(
            "shoal_decoder_exit_layer",
            help: "Exit layers of returned tokens; 0: the side branch.",
            bounds: layers.map(Double.init), labels: ["model", "policy"],
            zeroes: catalog.models.flatMap { model in
                ExitPolicy.allCases.map { [model.id, $0.rawValue] }
            })
        layersRun = registry.counter(
            "shoal_decoder_layers_run_total", help: "Sum of the exit layers.")
        layersFullDepth = registry.counter(
            "shoal_decoder_layers_full_depth_total", help: "The same tokens at full depth.")
        operations = registry.counter(
            "shoal_decoder_flops_total", help: "Decoder operations computed.")
        operationsFullDepth = registry.counter(
            "shoal_decoder_flops_full_depth_total", help: "The same steps at full depth.")
        let drafts = registry.counters(
            "shoal_drafted_tokens_total", help: "Tokens that the policy speculative drafted.",
            labels: ["outcome"], zeroes: [["accepted"], ["rejected"]])
        acceptedDrafts = drafts.labeled("accepted")
        rejectedDrafts = drafts.labeled("rejected")
        passes = registry.counter(
            "shoal_speculative_passes_total",
            help: "Climbs through all layers under the policy speculative.")
        let rows = registry.counters(
            "shoal_decoder_layer_rows_total", help: "Rows multiplied by each decoder layer.",
            labels: ["layer"], zeroes: layers.map { [String($0)] })
        layerRows = layers.map { rows.labeled(String($0)) }
    }

    /// Counts what an answer holds.
    func count(_ result: TranslationResult, _ model: ServedModel) {
        sourceTokens.increment(by: result.sourceTokens)
        for translation in result.translations {
            let compute = translation.compute
            targetTokens.increment(by: compute.targetTokens)
            layersRun.increment(by: compute.layersRun)
            layersFullDepth.increment(by: compute.layersFullDepth)
            operations.increment(by: compute.operations.executed)
            operationsFullDepth.increment(by: compute.operations.fullDepth)
            if let count = compute.speculation {
                acceptedDrafts.increment(by: count.accepted)
                rejectedDrafts.increment(by: count.drafted - count.accepted)
                passes.increment(by: count.passes)
            }
            let exits = exitLayer.labeled(model.id, compute.policy.rawValue)
            if compute.branchTokens > 0 { exits.observe(0, times: compute.branchTokens) }
            for (index, count) in compute.exitHistogram.enumerated() where count > 0 {
                exits.observe(Double(index + 1), times: count)
            }
        }
    }
}

extension MetricRegistry {
    /// A histogram of times, in seconds.
    func seconds(_ name: String, _ help: String) -> Histogram {
        histograms(name, help: help, bounds: Self.seconds).labeled()
    }
}
