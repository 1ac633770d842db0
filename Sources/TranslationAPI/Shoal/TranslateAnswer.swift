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
        writer.name("usage")
        writer.beginObject()
        writer.member("texts", result.translations.count)
        writer.member("source_tokens", result.sourceTokens)
        writer.member("target_tokens", total.targetTokens)
        writer.endObject()
        if parts.contains(.timings) { write(result.timings, to: &writer) }
        writer.endObject()
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
        stages.map { "\($0.name);dur=\($0.milliseconds)" }.joined(separator: ", ")
    }
}
