public import Certification
public import TranslationService

extension TranslationAPI {
    /// What is the same for the whole life of a server.
    public struct Settings: Sendable {
        /// Bounds of requests.
        public var limits = APILimits()
        /// Exit settings for fields that a request leaves out.
        public var exit = ExitOptions()
        /// Whether requests that say nothing of it use shortlists, where models have them.
        public var usesShortlist = false
        /// Holds certificates against what is translated; nil: nobody does.
        public var watch: CertificateWatch?
        /// Seconds for one step of a worker, beyond which the process counts as stuck.
        public var stallTimeout = 60.0
        /// Whose pages may read answers.
        public var origins = AllowedOrigins.none
        /// Seconds for which browsers are to come by TLS only (RFC 6797); 0: they are not told.
        public var transportSecurity = 0
        /// Requests of each address where no keys are asked for; nil: as many as come.
        public var addressLimit: RateLimit?
        /// Proxies that are believed what they say of the clients before them.
        public var trustedProxies: [AddressRange] = []
        /// Glossaries that requests may name.
        public var glossaries: [NamedGlossary] = []
        /// Answers shallower under load; nil: never.
        public var valve: DepthValve?
        /// Reads a model anew by its name, and says whether that was successful; nil: the server cannot do that.
        public var reloadModel: (@Sendable (String, @escaping @Sendable (Bool) -> Void) -> Void)?
        /// Whether clients come by TLS, for addresses that answers hold.
        public var servesTLS = false
        /// Time, for rates and for silent streams.
        public var clock = APIClock.system
        /// For `/openapi.yaml`; while it is empty, as for those that follow, there is nothing at its path.
        public var document = Document.none
        /// For `/openapi.json`.
        public var documentJSON = LazyDocument { .none }
        /// For `/`.
        public var home = Document.none
        /// For `/docs`.
        public var reference = Document.none

        /// The defaults.
        public init() {}
    }
}
