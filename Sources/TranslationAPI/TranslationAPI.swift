import HTTPTypes
public import HTTPWire
import JSON
import Threads
public import Telemetry
public import TranslationService

/// The HTTP interface of the service: routes, and from requests to responses.
///
/// Knows no sockets.
public final class TranslationAPI: Sendable {
    /// What is the same for the whole life of a server.
    public struct Settings: Sendable {
        /// Bounds of requests.
        public var limits = APILimits()
        /// Exit settings for fields that a request leaves out.
        public var exit = ExitOptions()
        /// openapi.yaml, as it is served.
        public var document: [UInt8] = []
        /// Seconds for one step of a worker, beyond which the process counts as stuck.
        public var stallTimeout = 60.0

        /// The defaults.
        public init() {}
    }

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

    let settings: Settings
    let registry: MetricRegistry
    private let stageStorage: Lock<Stage> = Lock(.loading)

    /// An API whose model is still to be loaded.
    public init(settings: Settings, registry: MetricRegistry) {
        self.settings = settings
        self.registry = registry
        registry.callback("shoal_ready", help: "1 where requests are served.") { [weak self] in
            guard case .serving = self?.stage else { return 0 }
            return 1
        }
        registry.callback("shoal_draining", help: "1 while shutting down.") { [weak self] in
            guard case .draining = self?.stage else { return 0 }
            return 1
        }
    }

    /// How far the server is now.
    public var stage: Stage { stageStorage.withLock { $0 } }

    /// Moves on to another stage.
    public func enter(_ stage: Stage) { stageStorage.withLock { $0 = stage } }

    /// Answers a request: at once, or later from another thread.
    ///
    /// - Parameters:
    ///   - request: well-formed HTTP.
    ///   - respond: called once with the answer.
    /// - Returns: to be called if the client goes away before the answer.
    public func handle(
        _ request: ServerRequest, respond: @escaping @Sendable (ServerResponse) -> Void
    ) -> (@Sendable () -> Void)? {
        let context = RequestContext(request)
        guard let route = Route(path: request.path) else {
            let problem = Problem(.notFound, "there is nothing at this path; see /openapi.yaml")
            respond(context.finish(problem, route: "other"))
            return nil
        }
        if request.method == "OPTIONS" {
            respond(context.finish(ServerResponse(status: 204), route, allow: route.allow))
            return nil
        }
        guard route.methods.contains(request.method) else {
            let problem = Problem(.methodNotAllowed, "\(route.label) takes \(route.allow)")
            var response = context.finish(problem, route: route.label)
            response.fields[.allow] = route.allow
            respond(response)
            return nil
        }
        if case .translate = route { return translate(context, respond) }
        respond(answer(route, context))
        return nil
    }

    /// The body of an answer that HTTP itself forces.
    public func response(to failure: HTTPFailure) -> ServerResponse {
        Problem(failure).response(requestID: RequestContext.newID(), route: "other")
    }

    private func answer(_ route: Route, _ context: RequestContext) -> ServerResponse {
        switch route {
        case .liveness: context.finish(probe(isStuck ? "stuck" : nil), route)
        case .readiness, .startup: context.finish(probe(notReady(route)), route)
        case .metrics:
            context.finish(
                ServerResponse(
                    status: 200, fields: [.contentType: MetricRegistry.contentType],
                    body: Array(registry.text.utf8)), route)
        case .document:
            context.finish(
                ServerResponse(
                    status: 200, fields: [.contentType: "application/yaml"],
                    body: settings.document), route)
        case .languages, .models, .model, .translate: describe(route, context)
        }
    }

    /// Routes that need the model.
    private func describe(_ route: Route, _ context: RequestContext) -> ServerResponse {
        guard let service = stage.service else {
            return context.finish(Problem(.notReady, "the model is loading"), route: route.label)
        }
        var writer = JSONWriter()
        switch route {
        case .languages: writeLanguages(service.model, to: &writer)
        case .model(let id) where id != service.model.id:
            let problem = Problem(.modelNotFound, "this server has the model \(service.model.id)")
            return context.finish(problem, route: route.label)
        case .model: writeModel(service.model, to: &writer)
        default:
            writer.beginObject()
            writer.name("models")
            writer.beginArray()
            writeModel(service.model, to: &writer)
            writer.endArray()
            writer.endObject()
        }
        return context.finishCacheable(writer.bytes, route)
    }

    /// Why a probe fails.
    private func notReady(_ route: Route) -> String? {
        switch stage {
        case .loading: "loading"
        case .draining where route == .readiness: "draining"
        case .draining, .serving: nil
        }
    }

    /// Whether a worker has been at one step for too long.
    private var isStuck: Bool {
        (stage.service?.secondsWithoutProgress ?? 0) > settings.stallTimeout
    }

    private func probe(_ reason: String?) -> ServerResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", reason ?? "ok")
        writer.endObject()
        return ServerResponse(
            status: reason == nil ? 200 : 503, fields: [.contentType: "application/json"],
            body: writer.bytes)
    }
}
