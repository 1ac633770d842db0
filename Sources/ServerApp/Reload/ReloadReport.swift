import Logging
import Telemetry

/// Tells log and metrics how loads of one kind go.
struct ReloadReport {
    /// The kinds of things that are loaded anew.
    enum Kind: String, CaseIterable {
        case keys, certificates, model
        case metricsToken = "metrics_token"

        /// What stays where it cannot be loaded.
        var inUse: String {
            switch self {
            case .keys, .certificates: "the old \(rawValue) are in use still"
            case .model: "the old \(rawValue) is in use still"
            case .metricsToken: "the old token of metrics is in use still"
            }
        }
    }

    private let kind: Kind
    private let place: String
    private let log: Logger
    private let attempts: MetricFamily<Counter>
    private let successful: Gauge
    private let time: Gauge

    /// - Parameters:
    ///   - kind: what is loaded.
    ///   - place: the files that are read.
    ///   - log: where to tell.
    ///   - registry: where to count.
    init(_ kind: Kind, _ place: String, log: Logger, registry: MetricRegistry) {
        self.kind = kind
        self.place = place
        self.log = log
        attempts = registry.counters(
            "shoal_reloads_total",
            help: "Attempts to read keys, certificates or the model again, by how they ended.",
            labels: ["kind", "result"])
        for result in ["ok", "failed", "timeout"] { _ = attempts.labeled(kind.rawValue, result) }
        successful = registry.gauges(
            "shoal_reload_last_successful",
            help: "1 where the latest attempt to read them again, or the start, was successful.",
            labels: ["kind"]
        ).labeled(kind.rawValue)
        time = registry.gauges(
            "shoal_reload_last_success_timestamp_seconds",
            help: "When what is in use was read, since the Unix epoch.", labels: ["kind"]
        ).labeled(kind.rawValue)
    }

    /// What is in use was read.
    func succeeded() {
        successful.set(1)
        time.set(LineLog.now)
    }

    /// Tells what happened to an attempt.
    func tell(_ event: ReloadEvent) {
        switch event {
        case .queued: log.notice("the \(kind.rawValue) will be read once more after this time")
        case .waiting(let seconds):
            log.warning(
                "still reading the \(kind.rawValue) after \(seconds) s",
                metadata: ["waiting_for": "\(place)"])
        case .succeeded:
            attempts.labeled(kind.rawValue, "ok").increment()
            succeeded()
            log.notice("read the \(kind.rawValue) again")
        case .failed(let reason): failed("failed", reason)
        case .timedOut(let seconds):
            failed("timeout", "\(place) was not read within reload.timeout, \(seconds) s")
        case .late:
            log.warning("what came of the \(kind.rawValue) after reload.timeout is not used")
        }
    }

    private func failed(_ result: String, _ reason: String) {
        attempts.labeled(kind.rawValue, result).increment()
        successful.set(0)
        log.error("\(kind.inUse)", metadata: ["reason": "\(reason)"])
    }
}
