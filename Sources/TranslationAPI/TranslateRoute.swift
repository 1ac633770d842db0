import Decoding
import HTTPTypes
import HTTPWire
import JSON
import TranslationService

extension TranslationAPI {
    /// POST /translate: everything that can be refused is refused before the queue.
    func translate(
        _ context: RequestContext, _ respond: @escaping @Sendable (ServerResponse) -> Void
    ) -> (@Sendable () -> Void)? {
        let route = Route.translate
        do {
            let (service, body) = try admit(context.request)
            return service.submit(body.request) { result in
                switch result {
                case .success(let result):
                    respond(context.finish(Self.response(result, body, service, context), route))
                case .failure(let error):
                    respond(context.finish(Problem(error), route: route.label))
                }
            }
        } catch {
            respond(context.finish(error, route: route.label))
            return nil
        }
    }

    private func admit(
        _ request: ServerRequest
    ) throws(Problem) -> (TranslationService, TranslateBody) {
        guard let service = stage.service else {
            throw Problem(.notReady, "the model is loading; try again shortly")
        }
        try Self.checkMediaTypes(request.fields)
        let body = try TranslateBody(
            request.body, model: service.model, limits: settings.limits, exit: settings.exit)
        return (service, body)
    }

    /// JSON in, JSON out (RFC 9110 §8.3, §12.5.1).
    private static func checkMediaTypes(_ fields: HTTPFields) throws(Problem) {
        let coding = fields[.contentEncoding]?.lowercased() ?? "identity"
        guard coding == "identity" else {
            throw Problem(.unsupportedMediaType, "the body must come without a content coding")
        }
        let type = (fields[.contentType] ?? "application/json").split(separator: ";")[0]
        guard type.filter({ $0 != " " }).lowercased() == "application/json" else {
            throw Problem(.unsupportedMediaType, "the body must be application/json")
        }
        guard let accept = fields[.accept] else { return }
        let ranges = accept.lowercased().split(separator: ",").map { range in
            range.split(separator: ";").map { $0.filter { $0 != " " } }
        }
        let acceptable = ranges.contains { parts in
            ["*/*", "application/*", "application/json"].contains(parts.first ?? "")
                && !parts.dropFirst().contains { $0 == "q=0" || $0.hasPrefix("q=0.000") }
        }
        guard acceptable || ranges.isEmpty else {
            throw Problem(.notAcceptable, "the answer is application/json")
        }
    }

    private static func response(
        _ result: TranslationResult, _ body: TranslateBody, _ service: TranslationService,
        _ context: RequestContext
    ) -> ServerResponse {
        let json = TranslationJSON(
            model: service.model, includesTokens: body.includesTokens,
            includesScores: body.includesScores)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", context.id)
        writer.member("model", service.model.id)
        writer.name("translations")
        writer.beginArray()
        var total = ComputeRecord(
            policy: body.request.options.exit.policy.name,
            decoderLayers: service.model.layerCount)
        for (index, translation) in result.translations.enumerated() {
            json.write(translation, index: index, to: &writer)
            total += translation.compute
        }
        writer.endArray()
        writer.name("compute")
        json.write(total, to: &writer)
        writer.name("usage")
        writer.beginObject()
        writer.name("texts")
        writer.value(result.translations.count)
        writer.name("source_tokens")
        writer.value(result.sourceTokens)
        writer.name("target_tokens")
        writer.value(total.targetTokens)
        writer.endObject()
        if body.includesTimings { write(result.timings, to: &writer) }
        writer.endObject()
        var response = ServerResponse(status: 200, body: writer.bytes)
        response.fields[.contentType] = "application/json"
        if let name = HTTPField.Name("Server-Timing") {
            response.fields[name] = serverTiming(result.timings)
        }
        return response
    }

    private static func stages(_ timings: Timings) -> [(name: String, milliseconds: Double)] {
        [
            ("queue", timings.queue), ("tokenize", timings.tokenize), ("encode", timings.encode),
            ("decode", timings.decode), ("total", timings.total),
        ].map { ($0.0, ($0.1 * 1e6).rounded() / 1e3) }
    }

    private static func write(_ timings: Timings, to writer: inout JSONWriter) {
        writer.name("timings")
        writer.beginObject()
        for (name, milliseconds) in stages(timings) {
            writer.name(name + "_ms")
            writer.value(milliseconds)
        }
        writer.endObject()
    }

    private static func serverTiming(_ timings: Timings) -> String {
        stages(timings).map { "\($0.name);dur=\($0.milliseconds)" }.joined(separator: ", ")
    }
}
