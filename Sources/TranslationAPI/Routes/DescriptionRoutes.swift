import HTTPTypes
import HTTPWire
import JSON
import System
import Telemetry
import TranslationService

extension TranslationAPI {
    /// Answers what can be got.
    func get(_ route: Route, _ context: RequestContext) {
        switch route {
        case .liveness: context.answer(probe(isStuck ? "stuck" : nil))
        case .readiness, .startup: context.answer(probe(notReady(route)))
        case .metrics: metrics(context)
        case .document: context.answer(settings.document)
        case .documentJSON: answer(settings.documentJSON, context)
        case .home: answer(settings.home, at: route, context)
        case .reference: answer(settings.reference, at: route, context)
        case .languages, .models, .model, .translate, .tokenize, .detokenize, .libreTranslate,
            .deepL:
            describe(route, context)
        }
    }

    /// Making it takes too long for the event loop.
    func answer(_ document: LazyDocument, _ context: RequestContext) {
        if let ready = document.ready { return context.answer(ready) }
        workBeside(context) { context in
            context.answer(document.document)
        } orRefuse: { [rejected] error in
            if case .overloaded = error { rejected.labeled("overloaded").increment() }
            context.refuse(Problem(error))
        }
    }

    private func metrics(_ context: RequestContext) {
        if let token = metricsToken.withLock({ $0 }),
            !context.request.fields.presentedKeys.contains(where: token.isEqual)
        {
            return context.refuse(
                Problem(
                    .unauthorized, "metrics need their token: Authorization: Bearer TOKEN",
                    fields: [.wwwAuthenticate: "Bearer realm=\"shoal metrics\""]))
        }
        context.answer(
            ServerResponse(
                status: 200, fields: [.contentType: MetricRegistry.contentType],
                body: Array(registry.text.utf8)))
    }

    /// Routes that need the model.
    private func describe(_ route: Route, _ context: RequestContext) {
        do {
            context.answer(Document(try description(route), type: .json))
        } catch {
            context.refuse(error)
        }
    }

    private func description(_ route: Route) throws(Problem) -> [UInt8] {
        let service = try loadedService
        let catalog = service.catalog
        var writer = JSONWriter()
        switch route {
        case .languages: writeLanguages(catalog, to: &writer)
        case .model(let id):
            guard let model = catalog.model(named: id) else {
                throw Problem(modelNotFoundIn: catalog)
            }
            writeModel(model, of: service, to: &writer)
        default: writeModels(of: service, to: &writer)
        }
        return writer.bytes
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
        return .json(writer, status: reason == nil ? 200 : 503)
    }
}

extension ServerResponse {
    /// JSON.
    static func json(_ writer: JSONWriter, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, fields: [.contentType: MediaType.json.rawValue], body: writer.bytes)
    }
}
