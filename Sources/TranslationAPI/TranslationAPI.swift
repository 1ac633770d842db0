import HTTPTypes
public import HTTPWire
import System
public import Telemetry
public import TranslationService

/// The HTTP interface of the service: routes, and from requests to responses.
///
/// Knows no sockets.
public final class TranslationAPI: Sendable {
    let settings: Settings
    let registry: MetricRegistry
    let gate: KeyGate
    /// Nil where addresses have no limit.
    let addressLimiter: AddressLimiter?
    /// What proxies are believed.
    let trust: ProxyTrust
    private let prefixedPages = PrefixedPages()
    let sideWork = SideWork()
    let answers = AnswerQueue()
    /// The document as clients of LibreTranslate look for it.
    let specification: LazyDocument
    let translatedFiles: TranslatedFiles
    let glossaries: GlossaryStore
    let usage = UsageMeter()
    /// The service counts its own refusals in the same family.
    let rejected: MetricFamily<Counter>
    let metricsToken: Lock<AccessToken?> = Lock(nil)
    private let stageStorage: Lock<Stage> = Lock(.loading)
    /// Held while a request is handed over to the service.
    private let handOverLock = Lock(())

    /// How far the server is.
    public enum Stage: Sendable {
        /// The listener is open, the model is not loaded.
        case loading
        /// Requests are served.
        case serving(TranslationService)
        /// Requests are served still, and balancers are told to look elsewhere.
        case draining(TranslationService)

        /// The service, once the model is loaded.
        public var service: TranslationService? {
            switch self {
            case .loading: nil
            case .serving(let service), .draining(let service): service
            }
        }
    }

    /// An API whose model is still to be loaded, and which asks for no keys.
    public init(settings: Settings, registry: MetricRegistry) {
        self.settings = settings
        self.registry = registry
        rejected = ServiceMetrics.rejected(
            ["overloaded", "unauthorized", "rate_limited"], in: registry)
        gate = KeyGate(rejected: rejected, now: settings.clock.now)
        specification = LazyDocument { [json = settings.documentJSON] in
            json.document.titled("LibreTranslate")
        }
        translatedFiles = TranslatedFiles(now: settings.clock.now)
        glossaries = GlossaryStore(files: settings.glossaries)
        let trust = ProxyTrust(proxies: settings.trustedProxies)
        self.trust = trust
        addressLimiter = settings.addressLimit.map { [rejected] limit in
            AddressLimiter(limit, trust: trust, rejected: rejected, now: settings.clock.now)
        }
        registry.callback("shoal_ready", help: "1 where requests are served.") { [weak self] in
            guard case .serving = self?.stage else { return 0 }
            return 1
        }
        registry.callback(
            "shoal_side_work_requests",
            help: "Requests whose bodies wait to be read beside the event loop, or are being read."
        ) { [sideWork] in Double(sideWork.count) }
        registry.callback("shoal_draining", help: "1 while shutting down.") { [weak self] in
            guard case .draining = self?.stage else { return 0 }
            return 1
        }
    }

    /// How far the server is now.
    public var stage: Stage { stageStorage.withLock { $0 } }

    /// Moves on to another stage.
    ///
    /// When it returns, no request is on its way to the service of the stage before any more: that one may
    /// be stopped without refusing any.
    public func enter(_ stage: Stage) {
        stageStorage.withLock { $0 = stage }
        handOverLock.withLock { _ in }
    }

    /// Asks for one of these keys from now on wherever work is done; nil: for none.
    ///
    /// A holder whose limit stays the same keeps what it has left of it.
    public func replaceKeys(_ keys: APIKeys?) { gate.replace(keys) }

    /// Asks for this token from now on where metrics are got; nil: for none.
    public func replaceMetricsToken(_ token: AccessToken?) {
        metricsToken.withLock { $0 = token }
    }

    /// Lets work be done for a request that shows a known key in a field, or, where none is asked for, whose
    /// address has not used up its rate.
    ///
    /// - Returns: by which key; `pending` where the request has yet to show one, which may be in its body.
    /// - Throws: `rate_limited`.
    func admission(byFieldsOf request: ServerRequest) throws(Problem) -> Admission {
        let keys = request.fields.presentedKeys
        guard gate.knows(keys) else { return .pending }
        let key = try gate.admit(keys)
        if gate.isOpen { try addressLimiter?.admit(request) }
        return .granted(key)
    }

    /// Completes an admission: by the key that it was granted for, or one that the body brings.
    ///
    /// - Parameters:
    ///   - admission: by the request's fields.
    ///   - request: of which these are.
    ///   - own: the key in its body; nil where there is none.
    /// - Returns: the key; nil where no keys are configured.
    /// - Throws: as `KeyGate.admit`.
    @discardableResult
    func complete(
        _ admission: Admission, of request: ServerRequest, keyInBody own: String? = nil
    ) throws(Problem) -> APIKey? {
        if case .granted(let key) = admission { return key }
        return try gate.admit(request.fields.presentedKeys + [own].compactMap(\.self))
    }

    /// Answers a request: at once, or later from another thread.
    ///
    /// - Parameters:
    ///   - request: well-formed HTTP.
    ///   - responder: the way back to its client.
    ///   - surface: of the listener that it came to.
    public func handle(
        _ request: ServerRequest, _ responder: some Responder, surface: Surface = .everything
    ) {
        let answers = CommonAnswer(request.head, settings, surface)
        let context = RequestContext(request, answers: answers, responder: responder)
        guard let route = answers.route else {
            if request.method == "OPTIONS", request.path == "*" {
                return options(context, "GET, HEAD, POST, OPTIONS")
            }
            return context.refuse(.unknownPath)
        }
        if request.method == "OPTIONS" { return options(context, route.allow) }
        guard route.methods.contains(request.method) else {
            return context.refuse(
                Problem(
                    .methodNotAllowed, "\(route.label) takes \(route.allow)",
                    fields: [.allow: route.allow]))
        }
        switch route {
        case .translate: translate(context)
        case .tokenize: tokenize(context)
        case .detokenize: detokenize(context)
        case .libreTranslate(let route): libreTranslate(route, context)
        case .deepL(let route): deepL(route, context)
        case .model(let id) where request.method == "POST": changeModel(id, context)
        default: get(route, context)
        }
    }

    /// Gives a page, whose addresses are relative, to who asked at its path; a slash at the end of the path
    /// would lead them astray, so that it is taken off first.
    func answer(_ page: Document, at route: Route, _ context: RequestContext) {
        let prefix = trust.prefix(of: context.request)
        let slashes = context.request.path.reversed().prefix { $0 == "/" }.count
        guard slashes > 0, route != .home, !page.isEmpty else {
            return context.answer(
                prefixedPages.page(page, at: route.label, below: prefix))
        }
        let up = String(repeating: "../", count: slashes) + route.label.dropFirst()
        context.answer(
            ServerResponse(
                status: 308, fields: [.location: prefix.map { $0 + route.label } ?? up]))
    }

    /// The answer to a request that HTTP itself forbids.
    ///
    /// - Parameters:
    ///   - failure: what is wrong with it.
    ///   - head: what was read of its head.
    ///   - surface: of the listener that it came to.
    /// - Returns: the answer, with what all answers share.
    public func response(
        to failure: HTTPFailure, of head: RequestHead, surface: Surface = .everything
    ) -> ServerResponse {
        let answers = CommonAnswer(head, settings, surface)
        return answers.complete(
            Problem(failure).response(requestID: answers.identity.id))
    }

    /// The service of the model.
    ///
    /// - Throws: `not_ready` until it is loaded.
    var loadedService: TranslationService {
        get throws(Problem) {
            guard let service = stage.service else {
                throw Problem(.notReady, "the model is loading; try again shortly")
            }
            return service
        }
    }

    /// Hands a request over to the service, which is not stopped meanwhile.
    ///
    /// - Parameters:
    ///   - prepare: makes what is handed over, for the models of that service; again, where another one has
    ///     taken its place by then.
    ///   - submit: short.
    /// - Throws: `not_ready`, and what `prepare` throws.
    func handOver<Prepared>(
        _ prepare: (ModelCatalog) throws(Problem) -> Prepared,
        _ submit: (Prepared, TranslationService) -> Void
    ) throws(Problem) {
        while true {
            let service = try loadedService
            let prepared = try prepare(service.catalog)
            let isDone = handOverLock.withLock { _ in
                guard stage.service === service else { return false }
                submit(prepared, service)
                return true
            }
            if isDone { return }
        }
    }

    /// Does what takes too long for the event loop in its turn.
    ///
    /// - Parameters:
    ///   - context: of the request that it is for.
    ///   - client: whom it is for.
    ///   - work: the rest of the way of the request, whose context says how long it has waited.
    ///   - refuse: gets `overloaded` at once where too much waits, `cancelled` in its turn where the client
    ///     has gone by then; nothing is done in both cases.
    func workBeside(
        _ context: RequestContext, for client: SideWork.Client = .known,
        _ work: @escaping @Sendable (RequestContext) -> Void,
        orRefuse refuse: @escaping @Sendable (TranslationError) -> Void
    ) {
        let hasGone = Lock(false)
        context.onCancel { hasGone.withLock { $0 = true } }
        let start = settings.clock.now()
        let isTaken = sideWork.run(for: client) { [clock = settings.clock] in
            guard !hasGone.withLock({ $0 }) else { return refuse(.cancelled) }
            var context = context
            context.waited = clock.now() - start
            work(context)
        }
        if !isTaken { refuse(.overloaded(retryAfter: 0)) }
    }

    private func options(_ context: RequestContext, _ methods: String) {
        var response = ServerResponse(status: 204, fields: [.allow: methods])
        settings.origins.permit(&response, to: context.request.head, methods: methods)
        context.answer(response)
    }
}

extension Problem {
    /// A model that is not among those of the server.
    init(modelNotFoundIn catalog: ModelCatalog) {
        let names = catalog.models.map(\.id).joined(separator: ", ")
        self.init(
            .modelNotFound,
            "this server has the model\(catalog.models.count > 1 ? "s" : "") \(names)")
    }

    static let unknownPath = Problem(.notFound, "there is nothing at this path; see /openapi.yaml")
}
