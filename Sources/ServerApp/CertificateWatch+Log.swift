import Certification
import Checkpoint
import Configuration
import Logging
import Telemetry

extension WatchStore.Event {
    /// Tells the log.
    func tell(_ log: Logger) {
        switch self {
        case .resumed(let certificates, let refuted):
            let metadata: Logger.Metadata = [
                "certificates": .stringConvertible(certificates),
                "refuted": .stringConvertible(refuted),
            ]
            log.notice(
                "the watch of certificates goes on from what was seen before", metadata: metadata)
        case .dropped(let model, let risk, let delta):
            log.notice(
                "what was seen of a certificate is let go of: no model has it any more",
                metadata: [
                    "model": "\(model)", "risk": "\(risk.rawValue)",
                    "delta": .stringConvertible(delta),
                ])
        case .unusable(let reason):
            log.warning(
                "the watch of certificates begins anew (exit.watch.state)",
                metadata: ["reason": "\(reason)"])
        case .unwritable(let reason):
            log.warning(
                "what the watch of certificates has seen is not kept (exit.watch.state)",
                metadata: ["reason": "\(reason)"])
        }
    }
}

extension CertificateWatch {
    /// A watch that logs each certificate that is refuted, once.
    ///
    /// - Parameters:
    ///   - options: what to do.
    ///   - registry: where to count.
    ///   - log: where to tell.
    convenience init(_ options: Options, registry: MetricRegistry, log: Logger) {
        self.init(options, registry: registry) { refutation in
            let certificate = refutation.certificate
            log.warning(
                "a certificate is refuted by what was translated: certify anew with texts of this kind",
                metadata: [
                    "model": "\(refutation.model)", "risk": "\(certificate.risk.rawValue)",
                    "delta": .stringConvertible(certificate.delta),
                    "epsilon": .stringConvertible(certificate.epsilon),
                    "sentences": .stringConvertible(refutation.sentences),
                    "mean_loss": .stringConvertible(refutation.loss),
                    "requests": options.action == .full ? "at full depth" : "by its rule",
                ])
        }
    }
}
