import Logging
import Telemetry
import TranslationService

/// What is counted of the models: which there are, what they take in memory, how often they come and go.
struct ModelMetrics: Sendable {
    private let infos: MetricFamily<Gauge>
    private let bytes: MetricFamily<Gauge>
    private let mapped: MetricFamily<Gauge>
    private let loads: MetricFamily<Counter>
    private let drops: MetricFamily<Counter>

    /// Registers them, or finds them.
    init(_ registry: MetricRegistry) {
        infos = registry.gauges(
            "shoal_model_info", help: "The models, each as a label.", labels: ["model"])
        bytes = registry.gauges(
            "shoal_model_memory_bytes", help: "Packed weights in memory; 0: on disk.",
            labels: ["model"])
        mapped = registry.gauges(
            "shoal_model_mapped_bytes",
            help: "Of shoal_model_memory_bytes, those mapped from a file that processes share.",
            labels: ["model"])
        loads = registry.counters(
            "shoal_model_loads_total",
            help: "Times that weights were read while the server ran, by how that ended.",
            labels: ["model", "result"])
        drops = registry.counters(
            "shoal_model_unloads_total", help: "Times that weights left the memory.",
            labels: ["model"])
    }

    /// Removes the gauges of models that are served no more.
    func keep(_ names: Set<String>) {
        for family in [infos, bytes, mapped] { family.removeAll { !names.contains($0[0]) } }
    }

    /// Shows a model as it is now.
    func show(_ model: ServedModel, in memory: ModelMemory) {
        infos.labeled(model.id).set(1)
        bytes.labeled(model.id).set(
            memory.place(of: model) == .memory ? Double(model.byteCount) : 0)
        mapped.labeled(model.id).set(Double(model.mappedByteCount))
        for result in ["ok", "failed"] { _ = loads.labeled(model.id, result) }
        _ = drops.labeled(model.id)
    }

    /// Counts what happened.
    func count(_ event: ModelMemory.Event) {
        switch event {
        case .loaded(let model, _, let count, let shared):
            loads.labeled(model, "ok").increment()
            bytes.labeled(model).set(Double(count))
            mapped.labeled(model).set(Double(shared))
        case .dropped(let model):
            drops.labeled(model).increment()
            bytes.labeled(model).set(0)
            mapped.labeled(model).set(0)
        case .failed(let model, _), .refused(let model, _):
            loads.labeled(model, "failed").increment()
        }
    }
}

extension ModelMemory.Event {
    /// Tells the log.
    func tell(_ log: Logger) {
        switch self {
        case .loaded(let model, let seconds, let bytes, let mapped):
            log.notice(
                "\(model) is in memory",
                metadata: [
                    "bytes": .stringConvertible(bytes), "mapped": .stringConvertible(mapped),
                    "seconds": .stringConvertible((seconds * 1000).rounded() / 1000),
                ])
        case .dropped(let model): log.notice("\(model) has left the memory")
        case .failed(let model, let reason):
            log.error("\(model) cannot be read", metadata: ["reason": "\(reason)"])
        case .refused(let model, let bytes):
            log.error(
                "there is no room for \(model) within model.max_memory",
                metadata: ["bytes": .stringConvertible(bytes)])
        }
    }
}

extension PackStore.Event {
    /// Tells the log.
    func tell(_ log: Logger) {
        switch self {
        case .written(let model, let path, let bytes):
            log.notice(
                "the packed weights of \(model) are on disk for the next start",
                metadata: ["path": "\(path)", "bytes": .stringConvertible(bytes)])
        case .unusable(let model, let path, let reason):
            log.notice(
                "the packed weights of \(model) on disk are not used, and made anew",
                metadata: ["path": "\(path)", "reason": "\(reason)"])
        case .unwritable(let model, let reason):
            log.notice(
                "the packed weights of \(model) are not kept for the next start (model.pack_cache)",
                metadata: ["reason": "\(reason)"])
        }
    }
}
