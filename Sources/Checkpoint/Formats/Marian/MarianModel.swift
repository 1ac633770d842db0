import JSON

/// A tensor as a file of Marian has it.
struct MarianItem {
    let name: String
    let elementType: ElementType
    let shape: [Int]
    let bytes: Range<Int>
    /// What quantised values are divided by; they lie column by column, those of embeddings row by row.
    var divisor: Float?
}

/// A directory with a model of Marian: `.npz`, or `.bin` as Bergamot and Firefox have it.
///
/// Names and equations are those of Marian's transformer (Junczys-Dowmunt et al., 2018); its recurrent decoder is that of Kim et al. (2019).
struct MarianModel {
    private let opened: OpenFile
    private let settings: MarianSettings
    private let items: [ExactString: MarianItem]
    private let vocabularies: MarianVocabularies
    private let languages: (source: String, target: String)?

    /// Positions of sines and cosines that tables are made for; Marian has no limit.
    private static let positions = 1_024

    init(_ opened: OpenFile, _ reader: inout DirectoryReader) throws(CheckpointError) {
        self.opened = opened
        let all =
            try MarianBinary.isOne(opened)
            ? try MarianBinary.items(opened) : try NumPyArchive.items(opened)
        var items: [ExactString: MarianItem] = [:]
        for item in all { items[ExactString(item.name)] = item }
        self.items = items
        guard let options = items[ExactString(MarianSettings.name)],
            options.bytes.count <= MarianSettings.mostBytes
        else {
            throw CheckpointError(
                .tensorMissing, file: opened.name, subject: MarianSettings.name,
                found: "no such array",
                expected: "the model's options, as Marian writes them beside the weights")
        }
        settings = try MarianSettings(try opened.bytes(options.bytes), file: opened.name)
        try settings.requireSupported()
        vocabularies = try MarianVocabularies(&reader)
        languages = Self.languages(opened.name)
    }

    /// The pair that a file's name has, as in `model.deen.intgemm.alphas.bin`.
    private static func languages(_ name: String) -> (source: String, target: String)? {
        let parts = name.split(separator: ".")
        guard parts.count >= 3, parts[0] == "model", parts[1].utf8.count == 4,
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { return nil }
        return (String(parts[1].prefix(2)), String(parts[1].suffix(2)))
    }

    func parts() throws(CheckpointError) -> CheckpointParts {
        let (source, target) = (vocabularies.source, vocabularies.target)
        guard source.endOfSentenceID == target.endOfSentenceID else {
            throw CheckpointError(
                .malformedVocabulary, file: vocabularies.file, subject: "</s>",
                found: "ids \(source.endOfSentenceID) and \(target.endOfSentenceID)",
                expected: "one id on both sides")
        }
        let config = try settings.configuration(
            vocabularies: (source.size, target.size), endOfSentence: target.endOfSentenceID,
            unknown: target.unknownID, positions: positions)
        var members: [JSONObject.Member] = []
        if let languages {
            members.append(.init("source_lang", .string(languages.source)))
            members.append(.init("target_lang", .string(languages.target)))
        }
        return CheckpointParts(
            configuration: try ModelConfiguration(
                config: config, generation: nil, file: opened.name), settings: config,
            tokenizer: try TokenizerConfiguration(JSONObject(members)), sourceVocabulary: source,
            targetVocabulary: target, models: vocabularies.models, weights: try weights())
    }

    /// How many positions there are: those that were learned, or as many as tables are made for.
    private var positions: Int {
        let learned = settings.learnsPositions ? items[ExactString("Wpos")]?.shape.first : nil
        return learned ?? Self.positions
    }

    // MARK: Tensors by their canonical names

    private func weights() throws(CheckpointError) -> Weights {
        var entries = Entries(items)
        let placement = try settings.normPlacement()
        let suffix = placement == .beforeBlock ? "_pre" : ""
        if settings.tiesSource {
            entries.add("Wemb", "model.shared.weight")
        } else {
            entries.add("encoder_Wemb", "model.encoder.embed_tokens.weight")
            entries.add("decoder_Wemb", "model.decoder.embed_tokens.weight")
        }
        if !settings.tiesProjection { entries.add("decoder_ff_logit_out_W", "lm_head.weight") }
        if !settings.omitsLogitBias {
            entries.add("decoder_ff_logit_out_b", "final_logits_bias")
        }
        for stack in ["encoder", "decoder"] {
            if settings.learnsPositions {
                entries.add("Wpos", "model.\(stack).embed_positions.weight")
            }
            entries.addNorm("\(stack)_emb", "_pre", "model.\(stack).layernorm_embedding")
            entries.addNorm("\(stack)_top", "", "model.\(stack).layer_norm")
        }
        for layer in 0..<(try settings.layers("enc")) {
            let (from, to) = ("encoder_l\(layer + 1)", "model.encoder.layers.\(layer)")
            entries.addAttention(from + "_self", to + ".self_attn", suffix)
            entries.addFeedForward(from, to, suffix)
        }
        let tied = try settings.tiedLayers()
        for layer in 0..<(try settings.layers("dec")) {
            let number = tied?[layer] ?? layer + 1
            let (from, to) = ("decoder_l\(number)", "model.decoder.layers.\(layer)")
            if settings.isRecurrent {
                entries.addRecurrence(from, to, suffix)
            } else {
                entries.addAttention(from + "_self", to + ".self_attn", suffix)
            }
            entries.addAttention(from + "_context", to + ".encoder_attn", suffix)
            entries.addFeedForward(from, to, suffix)
        }
        if let unused = entries.unused {
            throw CheckpointError(
                .unsupportedValue, file: opened.name, subject: unused, found: "a tensor",
                expected: "a transformer without what this one stands for")
        }
        return Weights(file: opened.name, entries: entries.found, parts: [opened])
    }

    /// Collects tensors under their canonical names; one that is missing is found out when it is asked for.
    private struct Entries {
        private let items: [ExactString: MarianItem]
        private var used: Set<ExactString> = []
        private(set) var found: [Weights.Entry] = []

        init(_ items: [ExactString: MarianItem]) {
            self.items = items
        }

        mutating func add(_ from: String, _ to: String) {
            guard let item = items[ExactString(from)] else { return }
            used.insert(ExactString(from))
            let isEmbedding = from.hasSuffix("Wemb") || from == "Wpos"
            let isMatrix = item.shape.count == 2 && item.shape.allSatisfy { $0 > 1 }
            var layout = Weights.Layout()
            var shape = item.shape
            if isMatrix, !isEmbedding {
                // Marian's maps are [in, out]; quantised ones lie turned round already.
                shape = [item.shape[1], item.shape[0]]
                layout.isTransposed = item.divisor == nil
            } else if item.shape.count <= 2, !isMatrix, to != "final_logits_bias" {
                shape = [item.shape.reduce(1, *)]
            }
            layout.divisors = item.divisor.map { .one($0) }
            found.append(
                Weights.Entry(
                    name: to, elementType: item.elementType, shape: shape, bytes: item.bytes,
                    layout: layout))
        }

        /// A tensor of a layer that has no canonical name: it says something that is not computed.
        var unused: String? {
            items.keys.map(\.text).filter { name in
                (name.hasPrefix("encoder_l") || name.hasPrefix("decoder_l"))
                    && !name.hasSuffix("_QuantMultA") && !used.contains(ExactString(name))
            }.min()
        }

        mutating func addNorm(_ from: String, _ suffix: String, _ to: String) {
            add("\(from)_ln_scale\(suffix)", to + ".weight")
            add("\(from)_ln_bias\(suffix)", to + ".bias")
        }

        mutating func addAttention(_ from: String, _ to: String, _ suffix: String) {
            for (letter, name) in [("q", "q"), ("k", "k"), ("v", "v"), ("o", "out")] {
                add("\(from)_W\(letter)", "\(to).\(name)_proj.weight")
                add("\(from)_b\(letter)", "\(to).\(name)_proj.bias")
            }
            addNorm(from + "_Wo", suffix, to + "_layer_norm")
        }

        mutating func addRecurrence(_ from: String, _ to: String, _ suffix: String) {
            add(from + "_rnn_W", to + ".ssru.candidate.weight")
            add(from + "_rnn_Wf", to + ".ssru.forget_gate.weight")
            add(from + "_rnn_bf", to + ".ssru.forget_gate.bias")
            addNorm(
                from + (suffix.isEmpty ? "_rnn_ffn" : "_rnn"), suffix, to + ".self_attn_layer_norm")
        }

        mutating func addFeedForward(_ from: String, _ to: String, _ suffix: String) {
            for number in 1...2 {
                add("\(from)_ffn_W\(number)", "\(to).fc\(number).weight")
                add("\(from)_ffn_b\(number)", "\(to).fc\(number).bias")
            }
            addNorm(from + "_ffn_ffn", suffix, to + ".final_layer_norm")
        }
    }
}
