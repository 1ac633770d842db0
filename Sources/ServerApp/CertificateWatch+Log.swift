import Certification
import Checkpoint
import Configuration
import Logging
import Telemetry

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
