import Decoding
import HTTPWire
import TranslationService

/// What a finished translation is answered with.
protocol TranslationAnswer: Sendable {
    /// The answer, without what all answers share.
    func response(to result: TranslationResult) -> ServerResponse
}

extension TranslationResult {
    /// What all its translations cost together.
    func totalCompute(_ request: TranslationRequest, _ model: ServedModel) -> ComputeRecord {
        translations.reduce(
            into: ComputeRecord(
                policy: request.options.exit.policy, decoderLayers: model.layerCount)
        ) { $0 += $1.compute }
    }

    /// What the log says of it once it is translated: numbers, never text.
    func logFields(_ request: TranslationRequest, _ model: ServedModel)
        -> [LogField]
    {
        let total = totalCompute(request, model)
        return [
            LogField("source_tokens", .integer(sourceTokens)),
            LogField("target_tokens", .integer(total.targetTokens)),
            LogField(
                "average_exit_layer", .number((total.averageExitLayer * 1000).rounded() / 1000)),
        ]
    }
}

extension TranslationRequest {
    /// What the log says of it before it is translated.
    func logFields(_ model: ServedModel) -> [LogField] {
        [LogField("model", .text(model.id)), LogField("texts", .integer(texts.count))]
    }
}
