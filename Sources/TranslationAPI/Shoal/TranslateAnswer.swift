import HTTPTypes
import HTTPWire
import JSON
import TranslationService

/// The answer to POST /translate in the shape of this API.
struct OwnAnswer: TranslationAnswer {
    let id: String
    let model: ServedModel
    let body: TranslateBody

    func response(to result: TranslationResult) -> ServerResponse {
        var writer = JSONWriter()
        writer.reserveCapacity(1024)
        write(result, body.parts, to: &writer)
        return ServerResponse(
            status: 200,
            fields: [
                .contentType: MediaType.json.rawValue,
                .serverTiming: result.timings.fieldValue,
            ],
            body: writer.bytes)
    }

    /// The object of the answer.
    func write(
        _ result: TranslationResult, _ parts: IncludedParts, to writer: inout JSONWriter
    ) {
        // The sentences of a route are those of the text before its last step, which nobody sees.
        let parts = result.earlier.isEmpty ? parts : parts.subtracting(.sentences)
        let json = TranslationJSON(model: model, parts: parts)
        let total = result.totalCompute(body.request, model)
        writer.beginObject()
        writer.member("id", id)
        writer.member("model", model.id)
        writer.name("translations")
        writer.beginArray()
        for (index, translation) in result.translations.enumerated() {
            json.write(
                translation, index: index, language: body.toldLanguage(index), to: &writer)
        }
        writer.endArray()
        writer.name("compute")
        json.write(total, to: &writer)
        if let certificate = body.certificate {
            writer.name("certificate")
            certificate.write(isRefuted: body.isRefuted, to: &writer)
        }
        if let level = body.loadLevel { writer.member("load_level", level) }
        if !result.earlier.isEmpty { writeRoute(result, total, to: &writer) }
        writer.name("usage")
        writer.beginObject()
        writer.member("texts", result.translations.count)
        writer.member("source_tokens", result.sourceTokens)
        writer.member("target_tokens", total.targetTokens)
        writer.endObject()
        if parts.contains(.timings) { write(result.timings, to: &writer) }
        writer.endObject()
    }

    /// `route`: the models that the texts passed through, in order, and what each cost.
    private func writeRoute(
        _ result: TranslationResult, _ total: ComputeRecord, to writer: inout JSONWriter
    ) {
        let last = body.request.model ?? model
        let hops =
            result.earlier.map { ($0.model, $0.compute) } + [(last, total)]
        writer.name("route")
        writer.beginArray()
        for (model, compute) in hops {
            writer.beginObject()
            writer.member("model", model.id)
            if let language = model.languages.source { writer.member("source_lang", language) }
            if let language = model.languages.target { writer.member("target_lang", language) }
            writer.name("compute")
            TranslationJSON(model: model, parts: []).write(compute, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private func write(_ timings: Timings, to writer: inout JSONWriter) {
        writer.name("timings")
        writer.beginObject()
        for (name, milliseconds) in timings.stages {
            writer.name(name + "_ms")
            writer.value(milliseconds)
        }
        writer.endObject()
    }
}

extension Timings {
    /// The stages in their order, in milliseconds to three decimals.
    fileprivate var stages: [(name: String, milliseconds: Double)] {
        [
            ("queue", queue), ("tokenize", tokenize), ("encode", encode), ("decode", decode),
            ("total", total),
        ].map { ($0.0, ($0.1 * 1e6).rounded() / 1e3) }
    }

    /// Server-Timing.
    fileprivate var fieldValue: String {
        stages.map { $0.name + ";dur=" + $0.milliseconds.description }.joined(separator: ", ")
    }
}
