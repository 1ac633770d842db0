import Certification
import Checkpoint
import JSON
import Tensor
import TranslationModel
import TranslationService

extension TranslationAPI {
    /// GET /models.
    func writeModels(of service: TranslationService, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("models")
        writer.beginArray()
        for model in service.catalog.models { writeModel(model, of: service, to: &writer) }
        writer.endArray()
        writer.endObject()
    }

    /// One element of GET /models.
    func writeModel(
        _ model: ServedModel, of service: TranslationService, to writer: inout JSONWriter
    ) {
        let place = service.memory.place(of: model)
        let c = model.checkpoint.configuration
        writer.beginObject()
        writer.member("id", model.id)
        writer.member("state", place.rawValue)
        writer.name("pinned")
        writer.value(model.isPinned)
        writer.member("precision", model.precision.rawValue)
        if let language = model.languages.source { writer.member("source_lang", language) }
        if let language = model.languages.target { writer.member("target_lang", language) }
        if model.isMultilingual {
            for (name, languages) in [
                ("source_languages", model.sources), ("target_languages", model.targets),
            ] {
                writer.name(name)
                writer.beginArray()
                for language in languages { writer.value(language) }
                writer.endArray()
            }
        }
        writer.member("encoder_layers", c.encoder.layers)
        writer.member("decoder_layers", c.decoder.layers)
        writer.member("side_branch_layers", model.branchLayerCount)
        writer.member("d_model", c.width)
        writer.member("vocab_size", c.sourceVocabularySize)
        writer.member("decoder_vocab_size", c.targetVocabularySize)
        writer.member("max_position_embeddings", c.maximumPositions)
        writer.member("memory_bytes", place == .memory ? model.byteCount : 0)
        writer.member("checksum", model.checksum)
        writer.member("default_policy", model.defaultPolicy.rawValue)
        writer.name("shortlist")
        writer.value(model.checkpoint.shortlist != nil)
        writer.name("policies")
        writer.beginArray()
        for policy in ExitPolicy.allCases { write(policy, of: model, to: &writer) }
        writer.endArray()
        writer.name("profiles")
        writer.beginArray()
        for profile in model.checkpoint.exits.profiles { write(profile, to: &writer) }
        writer.endArray()
        writer.name("certificates")
        writer.beginArray()
        for certificate in model.certificates {
            let isRefuted = settings.watch?.isRefuted(certificate, of: model.id)
            certificate.write(isRefuted: isRefuted, to: &writer)
        }
        writer.endArray()
        writeLimits(model, to: &writer)
        writer.endObject()
    }

    private func write(
        _ policy: ExitPolicy, of model: ServedModel, to writer: inout JSONWriter
    ) {
        let missing = model.missingHead(policy)
        writer.beginObject()
        writer.member("policy", policy.rawValue)
        writer.name("available")
        writer.value(missing == nil)
        if let missing { writer.member("missing", missing) }
        if let thresholds = model.thresholds(policy) { writer.numbers("thresholds", thresholds) }
        writer.endObject()
    }

    private func write(_ profile: ExitsConfiguration.Profile, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", profile.name)
        writer.numbers("thresholds", profile.thresholds)
        for (name, value) in [("bleu", profile.bleu), ("average_exit", profile.averageExit)] {
            guard let value else { continue }
            writer.name(name)
            writer.value(value)
        }
        writer.endObject()
    }

    private func writeLimits(_ model: ServedModel, to writer: inout JSONWriter) {
        let limits = settings.limits
        writer.name("limits")
        writer.beginObject()
        writer.member("max_texts", limits.maximumTexts)
        writer.member("max_characters", limits.maximumCharacters)
        let longest = model.longestSource(limits.maximumSourceTokens)
        writer.member("max_source_tokens", longest)
        writer.member("max_sentence_tokens", model.longestSentence(longest))
        writer.member("max_beam", limits.maximumBeam)
        writer.member("timeout_ms", Int(limits.timeout * 1000))
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func numbers(_ name: String, _ values: [Double]) {
        self.name(name)
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }
}

extension ExitCertificate {
    /// What was promised, and of which rule; whether it was refuted, where that is watched.
    func write(isRefuted: Bool?, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("risk", risk.rawValue)
        writer.name("delta")
        writer.value(delta)
        writer.name("epsilon")
        writer.value(epsilon)
        writer.member("sentences", sentences)
        writer.member("policy", policy.rawValue)
        if let layer { writer.member("layer", layer) }
        if let thresholds { writer.numbers("thresholds", thresholds) }
        writer.name("operations")
        writer.value(operations)
        writer.name("average_exit")
        writer.value(averageExit)
        if let isRefuted {
            writer.name("refuted")
            writer.value(isRefuted)
        }
        writer.endObject()
    }
}
