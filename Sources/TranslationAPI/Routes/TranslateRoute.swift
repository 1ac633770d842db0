import HTTPTypes
import HTTPWire
import JSON
import TranslationService

extension TranslationAPI {
    /// POST /translate: everything that can be refused is refused before the queue.
    func translate(_ context: RequestContext) {
        do {
            // Where no field has a key that is known, the body may: it is read first.
            let admission = try admission(byFieldsOf: context.request)
            guard !context.request.hasSmallBody else {
                return translateBody(of: context, admission)
            }
            workBeside(context, for: admission == .pending ? .stranger : .known) {
                [self] context in
                translateBody(of: context, admission)
            } orRefuse: { [self] error in
                stage.service?.count(error)
                context.refuse(Problem(error))
            }
        } catch {
            context.refuse(error)
        }
    }

    private func translateBody(of context: RequestContext, _ admission: Admission) {
        var context = context
        do {
            let (body, key) = try admittedBody(of: &context, admission)
            if context.refusals == .libreTranslate {
                try translateAsLibreTranslate(body, context)
            } else {
                try translate(body, by: key, context)
            }
        } catch {
            context.refuse(error)
        }
    }

    private func translate(
        _ body: RequestBody, by key: APIKey?, _ context: RequestContext
    ) throws(Problem) {
        try handOver { catalog throws(Problem) in
            let body = try TranslateBody(
                body.object, catalog: catalog, settings, glossaries: glossaries,
                maximumRisk: key?.maximumRisk,
                waiting: settings.valve == nil ? 0 : stage.service?.expectedSeconds ?? 0)
            let answer = OwnAnswer(id: context.identity.id, model: body.model, body: body)
            return (answer: answer, streams: try streams(answer.body, context))
        } _: { prepared, service in
            if prepared.streams {
                stream(prepared.answer, from: service, context)
            } else {
                submit(
                    prepared.answer.body.request, to: service, answering: prepared.answer, context)
            }
        }
    }

    private func translateAsLibreTranslate(
        _ body: RequestBody, _ context: RequestContext
    ) throws(Problem) {
        try handOver { catalog throws(Problem) in
            try LibreTranslate(body, catalog: catalog, settings)
        } _: { answer, service in
            submit(answer.request, to: service, answering: answer, context)
        }
    }

    /// The body of a request that brought a known key in a field, or brings it within the body where that
    /// has LibreTranslate's shape; the context is told of that shape.
    private func admittedBody(
        of context: inout RequestContext, _ admission: Admission
    ) throws(Problem) -> (body: RequestBody, key: APIKey?) {
        let body = try RequestBody(
            context.request, limits: settings.limits, shape: .libreTranslate)
        let isLibreTranslate = LibreTranslate.isShape(of: body)
        if isLibreTranslate { context.refusals = .libreTranslate }
        let own = isLibreTranslate ? LibreTranslate.key(in: body) : nil
        return (body, try complete(admission, of: context.request, keyInBody: own))
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

    /// Has the service translate, and answers with what becomes of it.
    func submit(
        _ request: TranslationRequest, to service: TranslationService,
        answering answer: some TranslationAnswer, _ context: RequestContext
    ) {
        let model = request.model ?? service.model
        let cancel = service.submit(request, after: context.waited) { [answers] result in
            switch result {
            case .success(let result):
                answers.add {
                    var response = answer.response(to: result)
                    response.logFields =
                        request.logFields(model) + result.logFields(request, model)
                    context.answer(response)
                }
            case .failure(let error):
                // A refusal comes at once, on the thread that submits.
                if case .overloaded = error { return context.refuse(Problem(error)) }
                answers.add { context.refuse(Problem(error)) }
            }
        }
        context.onCancel(cancel)
    }

    private func stream(
        _ answer: OwnAnswer, from service: TranslationService, _ context: RequestContext
    ) {
        let stream = EventStream(answer, context, clock: settings.clock)
        let cancel = service.submit(
            answer.body.request, after: context.waited,
            progress: { [answers] event in answers.add { stream.take(event) } },
            completion: { [answers] result in answers.add { stream.finish(result) } })
        stream.keepAlive()
        context.onCancel(cancel)
    }
}

extension ServerRequest {
    /// Whether its body is read in less time than the event loop may be held up: a millisecond.
    ///
    /// The costliest JSON, an object of many names, takes 45 ns a byte; coded bodies may be anything.
    var hasSmallBody: Bool { body.count <= 16384 && fields[.contentEncoding] == nil }
}
