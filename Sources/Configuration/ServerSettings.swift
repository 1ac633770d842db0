package import Certification
package import Checkpoint
package import HTTPServer
package import LanguageTags
import System
package import Tensor
package import TranslationAPI
package import TranslationService

/// Everything that `shoal serve` can be told, with its defaults.
package struct ServerSettings {
    package var modelPath = "models/tatoeba-de-en"
    /// Models with settings of their own.
    package var models: [ModelSettings] = []
    /// Bytes of weights that may be in memory; 0: as many as the models need.
    package var modelMemory = 0
    /// Where packed weights are kept on disk.
    package var packPlace = PackPlace.besideModel
    /// When networks are read.
    package var modelLoading = ModelLoading.start
    /// What becomes of requests while the network that they need is read.
    package var whileLoading = WhileLoading.wait
    /// Folder with further models, a subfolder each; empty: none.
    package var modelsPath = ""
    /// Languages over which texts go where no model translates them alone, as tags.
    package var pivots: [LanguageTag] = []
    /// Of the network's matrix products.
    package var precision = Precision.float32
    package var server = ServerConfiguration()
    /// Where metrics and probes are served apart from the rest; an empty host: with it.
    package var metrics = ListenerConfiguration(host: "", port: 9464)
    package var limits = APILimits()
    package var exit = ExitOptions()
    /// Whether requests that say nothing of it use shortlists, where models have them.
    package var usesShortlist = false
    /// How certificates are held against what is translated.
    package var watch = CertificateWatch.Options()
    /// File that keeps what was seen so over restarts; empty: each process begins anew.
    package var watchStatePath = ""
    /// The risk whose certificates answers may follow under load; nil: load changes no answer.
    package var loadRisk: Risk?
    /// The greatest δ of these.
    package var loadDelta = 0.2

    /// What load may cost; nil: nothing.
    package var valve: DepthValve.Options? {
        loadRisk.map { DepthValve.Options(risk: $0, maximumDelta: loadDelta) }
    }

    package var service = TranslationService.Configuration()
    /// Seconds for one step of a worker, beyond which the process counts as stuck.
    package var stallTimeout = 60.0
    package var tls = TLSFiles()
    /// File of the keys that requests must bring; empty: they need none.
    package var keysPath = ""
    /// Requests of each address where no keys are asked for.
    package var addressRate: RateLimit?
    /// Those that may come at once; 0: as many as the rate's number says.
    package var addressBurst = 0
    /// Proxies that are believed what they say of the clients before them.
    package var trustedProxies: [AddressRange] = []
    /// Files of glossaries that requests may name.
    package var glossaryPaths: [String] = []
    /// Whether `/` and `/docs` are served.
    package var showsPages = true
    /// File of the token that metrics are got with; empty: they need none.
    package var metricsTokenPath = ""
    /// Whose pages may read answers.
    package var origins = AllowedOrigins.none
    /// Seconds after SIGTERM in which requests are still accepted.
    package var drainDelay = 0.0
    /// Seconds that running requests have after that.
    package var drainTimeout = 30.0
    package var reload = Reload()
    package var log = LogSettings()

    /// The rate of each address with its burst.
    package var addressLimit: RateLimit? {
        addressBurst == 0 ? addressRate : addressRate?.allowing(burst: addressBurst)
    }

    /// Candidates of the policy confidence; 0: its exact rule.
    package var confidenceCandidates: Int {
        get { exit.candidates ?? ExitOptions.defaultCandidates }
        set { exit.candidates = newValue }
    }

    /// How files are read again while requests are served.
    package struct Reload {
        /// Seconds that one attempt has.
        package var timeout = 300.0
        /// Seconds between two looks at files that may have changed; 0: nobody looks.
        package var watchInterval = 2.0
        /// Whether the model's files are looked at, too.
        package var watchesModel = false
    }

    /// Paths, empty where there is no such file, and what goes with them.
    package struct TLSFiles {
        package var certificate = ""
        package var key = ""
        package var clientCA = ""
        /// Seconds for which browsers are to come by TLS only; 0: they are not told.
        package var transportSecurity = 0.0
    }

    /// The server's settings with the TLS files.
    ///
    /// - Throws: `Failure` where a file is named without those that it needs.
    package func serverConfiguration() throws -> ServerConfiguration {
        var server = server
        if !metrics.host.isEmpty {
            server.operations = metrics
            server.operations?.socketPermissions = server.listener.socketPermissions
        }
        guard tls.transportSecurity == 0 || !tls.certificate.isEmpty else {
            throw Failure(
                "tls.hsts_max_age needs tls.certificate: over plain HTTP it is never sent",
                code: EX_CONFIGURATION)
        }
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

    package init() {
        service.workers = Processors.available
        service.threads = Processors.available
        service.niceness = 5
    }
}
