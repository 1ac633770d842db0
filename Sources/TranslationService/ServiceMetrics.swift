public import Telemetry

/// What the service counts; the names are those of the dashboard and the alerts.
public final class ServiceMetrics: Sendable {
    let queue: QueueMetrics
    let batches: BatchMetrics
    let times: StageTimes
    let depth: DepthMetrics
    /// Sentences that were translated again in parts.
    let lostSpans: Counter
    private let sentences: Counter
    private let requests: MetricFamily<Counter>
    private let duration: Histogram
    private let rejected: MetricFamily<Counter>
    private let cancelled: MetricFamily<Counter>

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

    /// Registers the metrics of a service with one model.
    public convenience init(registry: MetricRegistry, model: ServedModel) {
        self.init(registry: registry, catalog: ModelCatalog([model]))
    }

    /// Registers the metrics of a service.
    public init(registry: MetricRegistry, catalog: ModelCatalog) {
        requests = registry.counters(
            "shoal_translate_requests_total", help: "Translation requests by how they ended.",
            labels: ["model", "result"],
            zeroes: catalog.models.flatMap { model in Self.results.map { [model.id, $0] } })
        duration = registry.seconds(
            "shoal_translate_duration_seconds", "Time from submission to answer of a request.")
        sentences = registry.counter(
            "shoal_sentences_total", help: "Sentences translated.")
        lostSpans = registry.counter(
            "shoal_sentences_in_parts_total",
            help: "Sentences translated again in parts because the model lost a protected span.")
        queue = QueueMetrics(registry)
        batches = BatchMetrics(registry)
        rejected = Self.rejected(["overloaded", "model_loading", "shutting_down"], in: registry)
        cancelled = registry.counters(
            "shoal_cancelled_requests_total", help: "Requests cancelled after they were accepted.",
            labels: ["cause"], zeroes: [["client"], ["deadline"]])
        times = StageTimes(registry)
        depth = DepthMetrics(registry, catalog)
    }

    /// Counts how a request ended.
    func count(_ result: Result<TranslationResult, TranslationError>, model: ServedModel) {
        requests.labeled(model.id, Self.label(result)).increment()
        switch result {
        case .success(let result): count(result, model)
        case .failure(.overloaded): rejected.labeled("overloaded").increment()
        case .failure(.loading): rejected.labeled("model_loading").increment()
        case .failure(.shuttingDown): rejected.labeled("shutting_down").increment()
        case .failure(.cancelled): cancelled.labeled("client").increment()
        case .failure(.deadlineExceeded): cancelled.labeled("deadline").increment()
        case .failure(.invalid), .failure(.decoding), .failure(.unavailable): break
        }
    }

    private func count(_ result: TranslationResult, _ model: ServedModel) {
        duration.observe(result.timings.total)
        sentences.increment(by: result.translations.reduce(0) { $0 + $1.sentences.count })
        depth.count(result, model)
    }

    private static func label(_ result: Result<TranslationResult, TranslationError>) -> String {
        switch result {
        case .success: "ok"
        case .failure(.invalid): "invalid"
        case .failure(.overloaded), .failure(.loading), .failure(.shuttingDown): "rejected"
        case .failure(.deadlineExceeded): "deadline"
        case .failure(.cancelled): "cancelled"
        case .failure(.decoding), .failure(.unavailable): "error"
        }
    }
}
