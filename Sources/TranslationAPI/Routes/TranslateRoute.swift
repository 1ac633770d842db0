import HTTPWire
import JSON
import TranslationService

extension TranslationAPI {
    /// POST /translate: everything that can be refused is refused before the queue.
    func translate(_ context: RequestContext) {
        var context = context
        do {
            let body = try admittedBody(of: &context)
            let service = try loadedService
            if context.refusals == .libreTranslate {
                let answer = try LibreTranslate(
                    body, model: service.model, limits: settings.limits, exit: settings.exit)
                submit(answer.request, to: service, answering: answer, context)
            } else {
                let answer = OwnAnswer(
                    id: context.identity.id, model: service.model,
                    body: try TranslateBody(
                        body.object, model: service.model, limits: settings.limits,
                        exit: settings.exit))
                if try streams(answer.body, context) {
                    stream(answer, from: service, context)
                } else {
                    submit(answer.body.request, to: service, answering: answer, context)
                }
            }
        } catch {
            context.refuse(error)
        }
    }

    /// The body of a request that brings a key, in a field, or within the body where it has
    /// LibreTranslate's shape; the context is told of that shape.
    private func admittedBody(of context: inout RequestContext) throws(Problem) -> RequestBody {
        let key = context.request.fields.presentedKey
        if key != nil { try gate.admit(key) }
        let body = try RequestBody(
            context.request, limits: settings.limits, types: [.json, .form])
        let isLibreTranslate = body.isForm || body.object[LibreTranslate.mark] != nil
        if isLibreTranslate { context.refusals = .libreTranslate }
        if key == nil {
            try gate.admit(isLibreTranslate ? body.object["api_key"]?.stringValue : nil)
        }
        return body
    }

    /// Whether the answer comes as events: as the body says, else as the client prefers.
    ///
    /// - Throws: `not_acceptable`, though not where the body asks for events: that says as much as `Accept`.
    private func streams(
        _ body: TranslateBody, _ context: RequestContext
    ) throws(Problem) -> Bool {
        if body.streams == true { return true }
        let types: [MediaType] = body.streams == false ? [.json] : [.json, .eventStream]
        guard let type = AcceptedMedia(context.request.fields).preferred(among: types) else {
            throw Problem(
                .notAcceptable, "the answer is \(types.map(\.rawValue).joined(separator: " or "))")
        }
        return type == .eventStream
    }

    private func submit(
        _ request: TranslationRequest, to service: TranslationService,
        answering answer: some TranslationAnswer, _ context: RequestContext
    ) {
        let cancel = service.submit(request) { result in
            switch result {
            case .success(let result):
                var response = answer.response(to: result)
                response.logFields =
                    request.logFields(service.model) + result.logFields(request, service.model)
                context.answer(response)
            case .failure(let error): context.refuse(Problem(error))
            }
        }
        context.onCancel(cancel)
    }

    private func stream(
        _ answer: OwnAnswer, from service: TranslationService, _ context: RequestContext
    ) {
        let stream = EventStream(answer, context, clock: settings.clock)
        let cancel = service.submit(
            answer.body.request, progress: stream.take, completion: stream.finish)
        stream.keepAlive()
        context.onCancel(cancel)
    }
}
