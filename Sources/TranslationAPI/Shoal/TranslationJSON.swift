import Checkpoint
import Decoding
public import JSON
public import LanguageIdentification
import TranslationModel
public import TranslationService

/// Writes translations as openapi.yaml describes them.
public struct TranslationJSON: Sendable {
    private let model: ServedModel
    private let parts: IncludedParts

    /// A writer for a model's translations.
    ///
    /// - Parameters:
    ///   - model: what translated.
    ///   - parts: what is written of each output besides what is always there.
    public init(model: ServedModel, parts: IncludedParts) {
        self.model = model
        self.parts = parts
    }

    /// One element of `translations`.
    ///
    /// - Parameters:
    ///   - translation: of a text.
    ///   - index: which text, from 0.
    ///   - file: what the text was read from, by name; nil leaves `file` out.
    ///   - line: which line of it, from 1; nil leaves `line` out.
    ///   - language: what was found of the text's language; nil leaves `detected_language` out.
    ///   - writer: takes the object.
    public func write(
        _ translation: Translation, index: Int, file: String? = nil, line: Int? = nil,
        language: LanguageIdentification? = nil,
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.name("index")
        writer.value(index)
        if let file { writer.member("file", file) }
        if let line { writer.member("line", line) }
        writer.member("text", translation.outputs[0].text)
        if let language = model.languages.source { writer.member("source_lang", language) }
        if let language = model.languages.target { writer.member("target_lang", language) }
        if let language { write(language, to: &writer) }
        write(translation.outputs[0], of: translation.source, to: &writer)
        writer.name("alternatives")
        writer.beginArray()
        for output in translation.outputs.dropFirst() {
            writer.beginObject()
            writer.member("text", output.text)
            write(output, of: translation.source, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        if parts.contains(.sentences) { writeSentences(of: translation, to: &writer) }
        writer.name("compute")
        write(translation.compute, to: &writer)
        writer.endObject()
    }

    /// `detected_language`: the likeliest, `null` where the text has no letters that tell.
    private func write(_ found: LanguageIdentification, to writer: inout JSONWriter) {
        writer.name("detected_language")
        guard let best = found.best else { return writer.null() }
        writer.beginObject()
        writer.member("language", model.code(of: best.language))
        writer.name("confidence")
        writer.value((best.confidence * 1000).rounded() / 1000)
        writer.endObject()
    }

    /// `sentences`: where each is in the text and in the output, how it was decoded, and what it cost.
    private func writeSentences(of translation: Translation, to writer: inout JSONWriter) {
        let best = translation.outputs[0]
        let sources = translation.sentences.map(\.source).inCharacters(of: translation.source)
        let targets = translation.sentences.map(\.target).inCharacters(of: best.text)
        writer.name("sentences")
        writer.beginArray()
        for (index, sentence) in translation.sentences.enumerated() {
            writer.beginObject()
            write(sources[index], "source", to: &writer)
            write(targets[index], "target", to: &writer)
            writer.member("finish_reason", sentence.finishReason.rawValue)
            if parts.contains(.scores) {
                writer.name("score")
                writer.value(sentence.score)
            }
            writer.name("exit_layers")
            writer.beginArray()
            for token in best.hypothesis.tokens[sentence.tokens] { writer.value(token.exitLayer) }
            writer.endArray()
            writer.name("compute")
            write(sentence.compute, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private func write(_ range: Range<Int>, _ name: String, to writer: inout JSONWriter) {
        writer.name(name)
        writer.beginObject()
        writer.member("start", range.lowerBound)
        writer.member("end", range.upperBound)
        writer.endObject()
    }

    /// `finish_reason`, `exit_layers` and what else is included of an output.
    private func write(
        _ output: Translation.Output, of source: String, to writer: inout JSONWriter
    ) {
        let hypothesis = output.hypothesis
        writer.member("finish_reason", hypothesis.finishReason.rawValue)
        if parts.contains(.scores) {
            writer.name("score")
            writer.value(hypothesis.score)
        }
        writer.name("exit_layers")
        writer.beginArray()
        for token in hypothesis.tokens { writer.value(token.exitLayer) }
        writer.endArray()
        guard parts.contains(.tokens) || parts.contains(.alignments) else { return }
        let sources = parts.contains(.alignments) ? output.sources ?? [] : []
        let places = sources.inCharacters(of: source)
        writer.name("tokens")
        writer.beginArray()
        for (index, (token, piece)) in zip(hypothesis.tokens, output.pieces).enumerated() {
            writer.beginObject()
            writer.name("id")
            writer.value(token.id)
            writer.member("piece", piece)
            writer.name("exit_layer")
            writer.value(token.exitLayer)
            if parts.contains(.scores) {
                writer.name("logprob")
                writer.value(token.logProbability)
            }
            if index < places.count { write(places[index], "source", to: &writer) }
            writer.endObject()
        }
        writer.endArray()
    }

    /// A `compute` object.
    public func write(_ compute: ComputeRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("policy", compute.policy.rawValue)
        writer.member("decoder_layers", compute.decoderLayers)
        writer.member("target_tokens", compute.targetTokens)
        writer.name("average_exit_layer")
        writer.value(compute.averageExitLayer)
        writer.name("exit_histogram")
        writer.beginArray()
        for count in compute.exitHistogram { writer.value(count) }
        writer.endArray()
        if compute.branchTokens > 0 { writer.member("branch_tokens", compute.branchTokens) }
        writer.member("layers_run", compute.layersRun)
        writer.member("layers_full_depth", compute.layersFullDepth)
        writer.name("layers_saved")
        writer.value(compute.layersSaved)
        writer.member("decoder_flops", compute.operations.executed)
        writer.member("decoder_flops_full_depth", compute.operations.fullDepth)
        writer.name("compute_saved")
        writer.value(compute.computeSaved)
        writer.member("encoder_flops", compute.encoderOperations)
        if let speculation = compute.speculation {
            writer.name("speculation")
            write(speculation, to: &writer)
        }
        if let shortlist = compute.shortlist {
            writer.name("shortlist")
            writer.beginObject()
            writer.member("inputs", shortlist.inputs)
            writer.member("candidates", shortlist.candidates)
            writer.endObject()
        }
        writer.endObject()
    }

    private func write(_ speculation: SpeculationCount, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("drafted", speculation.drafted)
        writer.member("accepted", speculation.accepted)
        writer.member("passes", speculation.passes)
        writer.member("weight_bytes", speculation.weightBytes)
        writer.member("weight_bytes_full_depth", speculation.weightBytesFullDepth)
        writer.endObject()
    }
}
