public import JSON

extension ModelConfiguration {
    /// Bounds that keep products of sizes far from overflow; tensors are bounded by their file.
    private enum Bounds {
        static let width = 2...16_384
        static let layers = 1...256
        static let feedForward = 1...131_072
        static let vocabulary = 2...4_194_304
        /// Two, so that an output of `max_position_embeddings` − 1 tokens has at least one.
        static let positions = 2...65_536
        /// The position table, positions × width in fp32, stays within 256 MiB.
        static let positionElements = 1 << 26
    }

    /// Reads config.json and, where there is one, generation_config.json.
    ///
    /// - Throws: the first key that is missing, of another kind, out of range or asks for something
    ///   that the engine does not compute.
    public init(config: JSONObject, generation: JSONObject?) throws(CheckpointError) {
        try self.init(config: config, generation: generation, file: "config.json")
    }

    /// Reads the same keys, where they come from another file.
    init(config: JSONObject, generation: JSONObject?, file: String) throws(CheckpointError) {
        let keys = KeyReader(file: file, object: config)
        let generationKeys = generation.map {
            KeyReader(file: "generation_config.json", object: $0)
        }
        architecture = try Self.architecture(keys)
        width = try keys.integer("d_model", in: Bounds.width)
        guard width.isMultiple(of: 2) else {
            throw keys.fault(
                .outOfRange, "d_model", found: "\(width)",
                expected: "an even number, since positions are half sines and half cosines")
        }
        encoder = try Self.stack("encoder", width: width, keys)
        decoder = try Self.stack("decoder", width: width, keys)
        activation = try Self.activation(keys)
        maximumPositions = try Self.positions(keys, width: width)
        scalesEmbeddings = try keys.bool("scale_embedding", default: false)
        tiesProjection = try keys.bool("tie_word_embeddings", default: true)
        sharesLayers = try keys.bool("shared_layers", default: false)
        sourceVocabularySize = try keys.integer("vocab_size", in: Bounds.vocabulary)
        targetVocabularySize =
            try keys.optionalInteger("decoder_vocab_size", in: Bounds.vocabulary)
            ?? sourceVocabularySize
        sharesEmbeddings = try Self.sharing(keys, sourceVocabularySize, targetVocabularySize)
        let targetIDs = 0...targetVocabularySize - 1
        endOfSentenceID = try keys.integer(
            "eos_token_id", in: 0...min(sourceVocabularySize, targetVocabularySize) - 1)
        padID =
            try keys.bool("has_pad", default: true)
            ? try keys.integer("pad_token_id", in: targetIDs) : nil
        decoderStartID =
            try Self.startsFromZero(keys)
            ? nil : try keys.integer("decoder_start_token_id", in: targetIDs)
        if padID == endOfSentenceID {
            throw keys.fault(
                .outOfRange, "pad_token_id", found: "\(endOfSentenceID), which is eos_token_id too",
                expected: "two ids: the pad is never produced, so no output would end")
        }
        var banned = Set([padID].compactMap(\.self))
        for reader in [keys, generationKeys].compactMap(\.self) {
            banned.formUnion(try Self.singleBadWords(reader, targetIDs))
        }
        // As in transformers, a ban on the end of sentence is void: no output would end.
        banned.remove(endOfSentenceID)
        bannedIDs = banned.sorted()
    }

    /// The family that `model_type` names.
    private static func architecture(_ keys: KeyReader) throws(CheckpointError) -> Architecture {
        switch try keys.optionalString("model_type") {
        case nil, "marian": return try marian(keys)
        case "m2m_100": return .m2m100
        case "mbart": return .mbart
        case let type?:
            throw keys.fault(
                .unsupportedValue, "model_type", found: CheckpointError.quoted(type),
                expected: "marian, m2m_100 or mbart")
        }
    }

    /// Marian's family, with Hugging Face's keys for what differs in it, and ours (checkpoint-format.md).
    private static func marian(_ keys: KeyReader) throws(CheckpointError) -> Architecture {
        var architecture = Architecture.marian
        if try keys.bool("normalize_before", default: false) { architecture.norms = .beforeBlock }
        architecture.normalizesEnds = try keys.bool("add_final_layer_norm", default: false)
        architecture.normalizesEmbeddings = try keys.bool("normalize_embedding", default: false)
        architecture.hasLogitBias = try keys.bool("logit_bias", default: true)
        if let epsilon = try keys.optionalNumber("layer_norm_epsilon", in: 1e-12...1e-2) {
            architecture.normEpsilon = Float(epsilon)
        }
        architecture.cell =
            try keys.optionalCase("decoder_cell", of: Architecture.DecoderCell.self) ?? .attention
        architecture.positions = try positionEncoding(keys)
        return architecture
    }

    private static func startsFromZero(_ keys: KeyReader) throws(CheckpointError) -> Bool {
        guard let start = try keys.optionalString("decoder_start") else { return false }
        guard start == "zero" else {
            throw keys.fault(
                .unsupportedValue, "decoder_start", found: CheckpointError.quoted(start),
                expected: "zero, or decoder_start_token_id without this key")
        }
        return true
    }

    private static func positionEncoding(
        _ keys: KeyReader
    ) throws(CheckpointError) -> Architecture.Positions {
        guard let name = try keys.optionalString("position_encoding") else {
            guard try keys.bool("static_position_embeddings", default: true) else {
                throw keys.fault(
                    .unsupportedValue, "static_position_embeddings", found: "false",
                    expected: "true, or position_encoding")
            }
            return .sinusoidal
        }
        let offset = try keys.optionalInteger("position_offset", in: 0...16) ?? 0
        switch name {
        case "sinusoidal": return .sinusoidal
        case "marian": return .steppedSinusoidal(offset: offset)
        case "learned": return .learned(offset: offset)
        default:
            throw keys.fault(
                .unsupportedValue, "position_encoding", found: CheckpointError.quoted(name),
                expected: "sinusoidal, marian or learned")
        }
    }

    private static func stack(
        _ name: String, width: Int, _ keys: KeyReader
    ) throws(CheckpointError) -> Stack {
        let heads = try keys.integer("\(name)_attention_heads", in: 1...width)
        guard width.isMultiple(of: heads) else {
            throw keys.fault(
                .outOfRange, "\(name)_attention_heads", found: "\(heads)",
                expected: "a divisor of d_model, which is \(width)")
        }
        return Stack(
            layers: try keys.integer("\(name)_layers", in: Bounds.layers), heads: heads,
            feedForwardWidth: try keys.integer("\(name)_ffn_dim", in: Bounds.feedForward))
    }

    private static func activation(_ keys: KeyReader) throws(CheckpointError) -> ActivationFunction
    {
        let name = try keys.string("activation_function")
        guard let activation = ActivationFunction(rawValue: name == "silu" ? "swish" : name) else {
            throw keys.fault(
                .unsupportedValue, "activation_function", found: CheckpointError.quoted(name),
                expected: "relu, swish, silu, gelu or quick_gelu")
        }
        return activation
    }

    private static func positions(
        _ keys: KeyReader, width: Int
    ) throws(CheckpointError) -> Int {
        let key = "max_position_embeddings"
        let positions = try keys.integer(key, in: Bounds.positions)
        guard positions * width <= Bounds.positionElements else {
            throw keys.fault(
                .outOfRange, key, found: "\(positions) positions of width \(width)",
                expected: "a table of at most \(Bounds.positionElements) elements")
        }
        return positions
    }

    private static func sharing(
        _ keys: KeyReader, _ source: Int, _ target: Int
    ) throws(CheckpointError) -> Bool {
        let key = "share_encoder_decoder_embeddings"
        let shares = try keys.bool(key, default: true)
        guard !shares || source == target else {
            throw keys.fault(
                .outOfRange, key, found: "true with vocabularies of \(source) and \(target)",
                expected: "false, or vocab_size equal to decoder_vocab_size")
        }
        return shares
    }

    /// The ids that `bad_words_ids` bans alone; longer sequences are left out
    /// (checkpoint-format.md).
    private static func singleBadWords(
        _ keys: KeyReader, _ ids: ClosedRange<Int>
    ) throws(CheckpointError) -> [Int] {
        let key = "bad_words_ids"
        guard let sequences = try keys.optional(key, "an array of arrays", { $0.arrayValue })
        else { return [] }
        var banned: [Int] = []
        for sequence in sequences {
            let elements = sequence.arrayValue?.compactMap { $0.integerValue }
            guard let elements, elements.count == sequence.arrayValue?.count else {
                throw keys.fault(
                    .wrongType, key, found: "\(sequence.kind) inside",
                    expected: "an array of arrays of ids")
            }
            guard elements.count == 1 else { continue }
            guard let id = Int(exactly: elements[0]), ids.contains(id) else {
                throw keys.fault(
                    .outOfRange, key, found: "\(elements[0])",
                    expected: "ids from 0 to \(ids.upperBound)")
            }
            banned.append(id)
        }
        return banned
    }
}
