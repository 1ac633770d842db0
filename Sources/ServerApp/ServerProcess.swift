import CSystem
import Certification
import Checkpoint
package import Configuration
import Dispatch
import Glibc
import HTTPServer
import HTTPWire
import Logging
import Pages
import System
import Telemetry
import TranslationAPI
import TranslationService

/// The life of a server: the listener opens, the model is loaded and tried, requests are served, SIGHUP
/// loads anew, and SIGTERM ends it after what runs has been answered.
///
/// Unchecked: all that changes is touched on `life` alone.
package final class ServerProcess: @unchecked Sendable {
    let settings: ServerSettings
    let registry = MetricRegistry()
    let manager = ServiceManager()
    private let output: LogOutput
    let log: Logger
    let host: ModelHost
    /// Answers shallower under load; nil: never.
    private let valve: DepthValve?
    /// Where the stages of this life follow one another.
    let life = DispatchQueue(label: "shoal.life")
    private var sources: [any DispatchSourceProtocol] = []
    private var loadingTimer: (any DispatchSourceTimer)?
    private var server: HTTPServer?
    var reloads: Reloads?
    var isStopping = false

    /// Nothing is opened before `run`.
    package init(_ settings: ServerSettings) {
        self.settings = settings
        output = LogOutput(descriptor: STDERR_FILENO, registry: registry)
        log = Logger(label: "shoal") { [output] _ in LineLog(settings.log, output) }
        host = ModelHost(settings: settings, registry: registry, log: log)
        valve = settings.valve.map { [registry] in DepthValve($0, registry: registry) }
    }

    /// Serves until a signal ends the process.
    package func run() throws -> Never {
        let signals = HeldSignals([SIGTERM, SIGINT, SIGHUP])
        // Left to itself, the allocator raises this threshold with every large block that is given back,
        // and keeps what loading and the first full batch needed for ever.
        shoal_give_back_blocks_from(1 << 18)
        ProcessMetrics.register(in: registry)
        registry.gauges("shoal_build_info", help: "The version, as a label.", labels: ["version"])
            .labeled(Version.current).set(1)
        let api = TranslationAPI(settings: try apiSettings(), registry: registry)
        let files = ReloadedFiles(settings)
        api.replaceKeys(try KeysFile.read(settings.keysPath))
        api.replaceMetricsToken(try KeysFile.token(settings.metricsTokenPath))
        let server = try start(api)
        life.async { [self] in
            self.server = server
            if isStopping { return stopListening() }
            watchProgress(api)
            reloads = Reloads(self, api, server, files)
            load(api)
        }
        while true {
            let number = signals.take()
            life.async { [self] in obey(number, api) }
        }
    }

    private func apiSettings() throws -> TranslationAPI.Settings {
        var api = TranslationAPI.Settings()
        api.limits = settings.limits
        api.exit = settings.exit
        api.usesShortlist = settings.usesShortlist
        api.watch = host.watch
        api.valve = valve
        api.stallTimeout = settings.stallTimeout
        api.origins = settings.origins
        api.transportSecurity = Int(settings.tls.transportSecurity)
        api.document = .yaml(APIDocument.yaml)
        api.documentJSON = LazyDocument { [log] in
            do {
                return .json(try APIDocument.json())
            } catch {
                log.error("openapi.yaml cannot be said in JSON", metadata: ["reason": "\(error)"])
                return .none
            }
        }
        api.addressLimit = settings.addressLimit
        api.trustedProxies = settings.trustedProxies
        api.glossaries = try GlossaryFiles.read(settings.glossaryPaths)
        api.servesTLS = !settings.tls.certificate.isEmpty
        api.reloadModel = { [unowned self] id, completion in
            life.async { [self] in
                guard let reloads, !isStopping else { return completion(false) }
                reloads.readAnew(id, completion)
            }
        }
        guard settings.showsPages else { return api }
        func page(_ bytes: [UInt8]) -> Document {
            .page(bytes, policy: Pages.contentSecurityPolicy, version: Version.current)
        }
        api.home = page(Pages.home)
        api.reference = page(Pages.reference)
        return api
    }

    private func start(_ api: TranslationAPI) throws -> HTTPServer {
        var configuration = try settings.serverConfiguration()
        configuration.maximumConnections = reconcileConnections()
        let passed = try PassedSockets()
        configuration.listener.inherited = passed.requests
        if let metrics = passed.metrics {
            configuration.operations = configuration.operations ?? ListenerConfiguration()
            configuration.operations?.inherited = metrics
        }
        let isApart = configuration.operations != nil
        do {
            let server = try HTTPServer.start(
                configuration,
                handler: APIHandler(api: api, surface: isApart ? .requests : .everything),
                operations: APIHandler(api: api, surface: .operations),
                observer: ServerMetrics(registry, settings.log.access ? accessLog : nil))
            if let address = server.operationsAddress {
                log.notice("metrics and probes are on \(address.url(scheme: "http"))")
            }
            let scheme = configuration.tls == nil ? "http" : "https"
            log.notice("listening on \(server.address.url(scheme: scheme))")
            watchCertificates(of: server)
            return server
        } catch {
            throw Failure(error)
        }
    }

    /// Has a metric tell until when certificates are valid.
    private func watchCertificates(of server: HTTPServer) {
        guard server.certificateValidity != nil else { return }
        registry.callback(
            "shoal_tls_certificate_not_after_timestamp_seconds",
            help: "When the first of the server's certificates ends, since the Unix epoch."
        ) { server.certificateValidity.map { Double($0.notAfter) } }
        warnOfCertificates(of: server)
    }

    /// Clients refuse such certificates, and whoever renews them may not have seen that it failed.
    func warnOfCertificates(of server: HTTPServer) {
        guard let fault = server.certificateValidity?.fault else { return }
        log.warning("the certificates \(fault)", metadata: ["path": "\(settings.tls.certificate)"])
    }

    /// The most connections that the settings and the system's limit of descriptors allow.
    private func reconcileConnections() -> Int {
        let (wanted, limit) = (settings.server.maximumConnections, DescriptorLimit.raise())
        let connections = min(wanted, limit.connections)
        registry.gauge(
            "shoal_http_connections_limit",
            help: "Most open connections: http.max_connections, or what the descriptors allow."
        ).set(Double(connections))
        if connections < wanted {
            log.warning(
                "http.max_connections is lowered to what the limit of descriptors leaves",
                metadata: [
                    "wanted": .stringConvertible(wanted),
                    "connections": .stringConvertible(connections),
                    "descriptors": .stringConvertible(limit.descriptors),
                    "needed": .stringConvertible(wanted + DescriptorLimit.reserve),
                ])
        }
        return connections
    }

    private var accessLog: ServerMetrics.AccessLog {
        ServerMetrics.AccessLog(log: log, excluded: Set(settings.log.accessExclude))
    }

    /// Ends the process without what `exit` runs before: it would take libraries down, OpenSSL first, below
    /// threads that compute or load still.
    private func leave(_ code: Int32) -> Never {
        output.flush()
        manager.flush()
        _exit(code)
    }
}

// MARK: - The model

extension ServerProcess {
    /// Loads the model beside the listener, which answers probes meanwhile.
    ///
    /// It has no deadline: whoever started the process knows how long that may take.
    private func load(_ api: TranslationAPI) {
        tellOfLoading(since: monotonicSeconds())
        let hasStarted = WorkerThread.start { [self] in
            let result = Result { try host.makeService() }
            life.async { [self] in finishLoading(result, api) }
        }
        if !hasStarted {
            log.error("the system gives no thread to load the model")
            leave(EX_OSERR)
        }
    }

    private func tellOfLoading(since start: Double) {
        let timer = DispatchSource.makeTimerSource(queue: life)
        timer.schedule(deadline: .now() + 10, repeating: 10)
        timer.setEventHandler { [log, settings] in
            log.warning(
                "still reading the model after \(Int(monotonicSeconds() - start)) s",
                metadata: ["waiting_for": "\(settings.modelPath)"])
        }
        timer.activate()
        loadingTimer = timer
    }

    private func finishLoading(
        _ result: Result<ModelHost.Made, any Error>, _ api: TranslationAPI
    ) {
        loadingTimer?.cancel()
        loadingTimer = nil
        switch result {
        case .success(let made):
            take(made, api)
            reloads?.modelIsLoaded()
            if !isStopping { manager.ready("serving") }
        case .failure(let error):
            let failure = Failure(loading: settings.modelPath, error)
            log.error("\(failure)")
            leave(failure.code)
        }
    }

    /// Serves with a model from now on; the one before answers what it has taken.
    func take(_ made: ModelHost.Made, _ api: TranslationAPI) {
        let service = made.service
        let old = api.stage.service
        host.use(made)
        let deep = service.catalog.models.filter {
            ($0.exitDefaults(settings.exit).policy ?? $0.defaultPolicy).givesFullDepth
        }
        if let valve, !valve.use(deep) {
            log.warning(
                "exit.load.risk changes nothing: no model that answers at full depth (exit.policy) has a certificate of it that saves anything",
                metadata: [
                    "risk": "\(valve.options.risk.rawValue)",
                    "max_delta": .stringConvertible(valve.options.maximumDelta),
                ])
        }
        api.enter(isStopping ? .draining(service) : .serving(service))
        for model in service.catalog.models {
            let isKept = old?.catalog.models.contains { $0 === model } == true
            let isLoaded = service.memory.place(of: model) == .memory
            log.notice(
                "\(model.id) is ready\(isKept ? ", unchanged" : isLoaded ? "" : ", its weights on disk")",
                metadata: [
                    "checksum": "\(model.checksum)", "precision": "\(model.precision)",
                    "mapped": .stringConvertible(model.mappedByteCount),
                    "workers": .stringConvertible(settings.service.workers),
                ])
        }
        if let old { retire(old) }
        // Not before requests are served, from which it would take the processors and the disk.
        if !isStopping { host.packs?.begin() }
    }

    /// Lets a model go that is not served any more, on a thread of its own: what it runs may take long.
    func retire(_ service: TranslationService) {
        let stop: @Sendable () -> Void = { [host] in
            service.stop()
            host.retire(service)
            shoal_give_back_free_memory()
        }
        if !WorkerThread.start(stop) { DispatchQueue.global().async(execute: stop) }
    }
}

// MARK: - Signals

extension ServerProcess {
    /// The first SIGTERM or SIGINT drains, the second ends the process at once; SIGHUP loads anew.
    private func obey(_ number: Int32, _ api: TranslationAPI) {
        switch number {
        case SIGHUP: if !isStopping { reloads?.all() }
        case _ where isStopping: leave(128 + number)
        default: drain(api)
        }
    }

    /// Balancers are told to look elsewhere; after `drain_delay` nothing more is accepted, and the process
    /// ends when what runs has been answered.
    private func drain(_ api: TranslationAPI) {
        isStopping = true
        manager.stopping()
        if let service = api.stage.service { api.enter(.draining(service)) }
        log.notice("stopping: running requests are finished first")
        life.asyncAfter(deadline: .now() + settings.drainDelay) { [self] in stopListening() }
    }

    private func stopListening() {
        server?.shutdown(timeout: settings.drainTimeout) { [self] in
            host.packs?.stop()
            host.watchStore?.stop()
            leave(EXIT_SUCCESS)
        }
    }

    /// Tells the service manager, where it wants to know, that the workers get on.
    private func watchProgress(_ api: TranslationAPI) {
        guard let interval = manager.watchdogInterval else { return }
        let timer = DispatchSource.makeTimerSource(queue: life)
        timer.schedule(deadline: .now(), repeating: interval / 2)
        timer.setEventHandler { [self] in
            let seconds = api.stage.service?.secondsWithoutProgress ?? 0
            if seconds < settings.stallTimeout { manager.isWell() }
        }
        timer.activate()
        sources.append(timer)
    }
}

/// Hands requests of the server to the API.
private struct APIHandler: RequestHandler {
    let api: TranslationAPI
    let surface: TranslationAPI.Surface

    func handle(_ request: ServerRequest, _ exchange: Exchange) {
        api.handle(request, exchange, surface: surface)
    }

    func response(to failure: HTTPFailure, of head: RequestHead) -> ServerResponse {
        api.response(to: failure, of: head, surface: surface)
    }
}
