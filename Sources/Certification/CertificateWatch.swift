public import Checkpoint
import System
public import Telemetry
public import TranslationService

/// Holds certificates against what is translated: a share of the sentences that are answered under one is decoded again at full depth in idle time, and what they
/// lose is bet on (`BettingMartingale`).
///
/// A certificate whose evidence reaches 1 / ε is refuted, for as long as it is watched. The evidence begins at 1, or goes on from what an earlier process has
/// seen (`WatchStore`), and begins anew with other weights or another certificate; a model that is loaded again unchanged keeps it. `Risk.quality` needs
/// references, which nobody sends: its certificates are not watched. Memory is that of the certificates; sentences that wait are the service's
/// (`FullDepthChecks.capacity`).
public final class CertificateWatch: Sendable {
    /// What is watched, and what follows.
    public struct Options: Sendable, Equatable {
        /// Of the sentences that are answered under a certificate, 0 … 1; 0: nothing is watched.
        public var share = 0.05
        /// What becomes of requests under a certificate that is refuted.
        public var action = Action.full

        /// One in twenty, and full depth.
        public init() {}
    }

    /// What becomes of requests under a certificate that is refuted.
    public enum Action: String, Sendable, CaseIterable {
        /// They are answered by its rule still, and told.
        case report
        /// They are answered at full depth, and told.
        case full
    }

    /// A certificate that was refuted.
    public struct Refutation: Sendable {
        /// The model's id.
        public let model: String
        /// What was promised.
        public let certificate: ExitCertificate
        /// Sentences that were decoded again.
        public let sentences: Int
        /// Their mean loss.
        public let loss: Double
    }

    /// What it was told to do.
    public let options: Options
    private let metrics: WatchMetrics
    private let tell: @Sendable (Refutation) -> Void
    private let entries: Lock<[Key: Entry]> = Lock([:])

    private struct Key: Hashable {
        let model: String
        let risk: Risk
        let delta: Double

        /// Label values; those of delta are the numbers of exits.json.
        var labels: [String] { [model, risk.rawValue, String(delta)] }
    }

    private struct Entry {
        let certificate: ExitCertificate
        var martingale: BettingMartingale

        var isRefuted: Bool { martingale.refutes(epsilon: certificate.epsilon) }
    }

    /// Watches nothing until it is told of models.
    ///
    /// - Parameters:
    ///   - options: what to do.
    ///   - registry: where to count.
    ///   - tell: is told once of each certificate that is refuted, on a worker's thread.
    public init(
        _ options: Options, registry: MetricRegistry,
        tell: @escaping @Sendable (Refutation) -> Void = { _ in }
    ) {
        self.options = options
        self.tell = tell
        metrics = WatchMetrics(registry)
    }

    /// What a service is to decode again; nil where nothing is watched.
    public var checks: FullDepthChecks? {
        guard options.share > 0 else { return nil }
        return FullDepthChecks(
            share: options.share, deliver: { [weak self] in self?.take($0) },
            drop: { [metrics] in metrics.dropped.labeled($0).increment(by: $1) })
    }

    /// Watches the certificates of models that are served from now on, and no others.
    ///
    /// Of certificates of one model, risk and δ, the one that requests get is watched: the cheapest.
    ///
    /// - Parameters:
    ///   - models: those that are served.
    ///   - state: what an earlier process has seen; its evidence counts for the very certificates that it was gathered against.
    /// - Returns: entries of the state that are about no certificate that is watched.
    @discardableResult
    public func watch(
        _ models: [ServedModel], from state: WatchState? = nil
    ) -> [WatchState.Entry] {
        guard options.share > 0 else { return [] }
        var watched: [Key: ExitCertificate] = [:]
        for model in models {
            for certificate in model.certificates where !certificate.risk.needsReferences {
                let key = Key(
                    model: model.id, risk: certificate.risk, delta: certificate.delta)
                if certificate.operations < watched[key]?.operations ?? .infinity {
                    watched[key] = certificate
                }
            }
        }
        var known: [Key: BettingMartingale] = [:]
        var others: [WatchState.Entry] = []
        for entry in state?.entries ?? [] {
            let key = Key(model: entry.model, risk: entry.risk, delta: entry.martingale.delta)
            guard let own = watched[key], entry.isAbout(own, of: key.model) else {
                others.append(entry)
                continue
            }
            known[key] = entry.martingale
        }
        entries.withLock { entries in
            let old = entries
            entries = [:]
            for (key, certificate) in watched {
                entries[key] = Entry(
                    certificate: certificate,
                    martingale: known[key] ?? BettingMartingale(delta: certificate.delta))
            }
            for (key, entry) in old where entry.certificate == watched[key] { entries[key] = entry }
            metrics.forget { labels in
                !entries.contains {
                    $0.key.labels == labels && old[$0.key]?.certificate == $0.value.certificate
                }
            }
            for (key, entry) in entries { show(key, entry) }
            for model in Set(watched.keys.map(\.model)) { _ = metrics.dropped.labeled(model) }
        }
        return others
    }

    /// What was seen so far of the certificates that are watched, in an order that depends on nothing else; those of which nothing was are left out.
    public var state: WatchState {
        let entries = entries.withLock { $0 }
        let seen = entries.filter { $0.value.martingale.count > 0 }
            .sorted { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }
        return WatchState(
            entries: seen.map {
                .init(model: $0.key.model, $0.value.certificate, $0.value.martingale)
            })
    }

    /// Certificates of which something was seen, and those that are refuted.
    var counts: (seen: Int, refuted: Int) {
        entries.withLock { entries in
            (
                entries.values.count { $0.martingale.count > 0 },
                entries.values.count { $0.isRefuted }
            )
        }
    }

    /// Whether what is translated speaks against a certificate; nil where it is not watched.
    ///
    /// - Parameters:
    ///   - certificate: one of the model's.
    ///   - model: its id.
    /// - Returns: nil for a certificate that nobody watches.
    public func isRefuted(_ certificate: ExitCertificate, of model: String) -> Bool? {
        let key = Key(model: model, risk: certificate.risk, delta: certificate.delta)
        return entries.withLock { entries in
            guard let entry = entries[key], entry.certificate == certificate else { return nil }
            return entry.isRefuted
        }
    }

    /// Takes a sentence that was decoded again.
    private func take(_ checked: CheckedSentence) {
        let certificate = checked.certificate
        let key = Key(
            model: checked.model.id, risk: certificate.risk, delta: certificate.delta)
        let loss = certificate.risk.loss(checked.text, full: checked.full, reference: nil)
        let refutation = entries.withLock { entries -> Refutation? in
            // A service that is on its way out may have decoded for a certificate that is gone.
            guard var entry = entries[key], entry.certificate == certificate else { return nil }
            let wasRefuted = entry.isRefuted
            entry.martingale.take(loss)
            entries[key] = entry
            show(key, entry)
            metrics.loss.labeled(key.labels).observe(loss)
            guard entry.isRefuted, !wasRefuted else { return nil }
            return Refutation(
                model: key.model, certificate: certificate, sentences: entry.martingale.count,
                loss: entry.martingale.mean)
        }
        if let refutation { tell(refutation) }
    }

    private func show(_ key: Key, _ entry: Entry) {
        metrics.evidence.labeled(key.labels).set(entry.martingale.evidence)
        metrics.refuted.labeled(key.labels).set(entry.isRefuted ? 1 : 0)
        _ = metrics.loss.labeled(key.labels)
    }
}

/// What is told of certificates; labels are those of exits.json.
private struct WatchMetrics: Sendable {
    let evidence: MetricFamily<Gauge>
    let refuted: MetricFamily<Gauge>
    let loss: MetricFamily<Histogram>
    let dropped: MetricFamily<Counter>

    private static let labels = ["model", "risk", "delta"]

    init(_ registry: MetricRegistry) {
        evidence = registry.gauges(
            "shoal_certificate_evidence",
            help: "Wealth of bets against a certificate, 1 at first; 1 / epsilon refutes it.",
            labels: Self.labels)
        refuted = registry.gauges(
            "shoal_certificate_refuted",
            help: "1 where what was translated has refuted a certificate.", labels: Self.labels)
        loss = registry.histograms(
            "shoal_certificate_loss",
            help: "Losses of sentences that were decoded again at full depth.",
            bounds: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1], labels: Self.labels)
        dropped = registry.counters(
            "shoal_certificate_checks_dropped_total",
            help: "Sentences that were to be decoded again and were not: no worker was idle.",
            labels: ["model"])
    }

    /// Forgets series of certificates that are gone.
    func forget(where isGone: ([String]) -> Bool) {
        evidence.removeAll(where: isGone)
        refuted.removeAll(where: isGone)
        loss.removeAll(where: isGone)
    }
}
