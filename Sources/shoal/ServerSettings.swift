import Decoding
import Glibc
import HTTPServer
import TranslationAPI
import Tensor
import TranslationService

/// Everything that `shoal serve` can be told, with its defaults.
struct ServerSettings {
    var modelPath = "models/multi30k-de-en"
    /// Of the network's matrix products.
    var precision = Precision.float32
    var server = ServerConfiguration()
    var limits = APILimits()
    var exit = ExitOptions()
    var service = TranslationService.Configuration()
    /// Seconds for one step of a worker, beyond which the process counts as stuck.
    var stallTimeout = 60.0
    var tls = TLSFiles()
    /// File of the keys that requests must bring; empty: they need none.
    var keysPath = ""
    /// Whose pages may read answers.
    var origins = AllowedOrigins.none
    /// Seconds after SIGTERM in which requests are still accepted.
    var drainDelay = 0.0
    /// Seconds that running requests have after that.
    var drainTimeout = 30.0
    var log = LogSettings()

    /// Candidates of the policy confidence; 0: its exact rule.
    var confidenceCandidates: Int {
        get { exit.candidates ?? ExitOptions.defaultCandidates }
        set { exit.candidates = newValue }
    }

    /// Paths, empty where there is no such file.
    struct TLSFiles {
        var certificate = ""
        var key = ""
        var clientCA = ""
    }

    /// The server's settings with the TLS files.
    ///
    /// - Throws: `Failure` where a file is named without those that it needs.
    func serverConfiguration() throws -> ServerConfiguration {
        var server = server
        guard !tls.certificate.isEmpty || !tls.key.isEmpty || !tls.clientCA.isEmpty else {
            return server
        }
        guard !tls.certificate.isEmpty, !tls.key.isEmpty else {
            throw Failure(
                "tls.certificate and tls.key go together, and tls.client_ca with both",
                code: EX_CONFIGURATION)
        }
        server.tls = TLSConfiguration(
            certificatePath: tls.certificate, keyPath: tls.key,
            clientCAPath: tls.clientCA.isEmpty ? nil : tls.clientCA)
        return server
    }

    init() {
        service.workers = Processors.available
        service.threads = Processors.available
        service.niceness = 5
    }
}
