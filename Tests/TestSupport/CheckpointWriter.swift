public import JSON

/// Writes complete random Marian checkpoints for tests.
///
/// Everything follows from the options: the same options give the same bytes. Fields can be
/// changed between making the writer and writing, to build checkpoints that are wrong on purpose.
public struct CheckpointWriter {
    /// The sizes and variants of a checkpoint.
    public struct Options: Sendable {
        /// d_model.
        public var width = 16
        /// Layers of the encoder.
        public var encoderLayers = 2
        /// Layers of the decoder, N.
        public var decoderLayers = 3
        /// Attention heads of the encoder.
        public var encoderHeads = 2
        /// Attention heads of the decoder.
        public var decoderHeads = 4
        /// Feed-forward width of the encoder.
        public var encoderFeedForward = 24
        /// Feed-forward width of the decoder.
        public var decoderFeedForward = 40
        /// V of both sides; at least 4.
        public var vocabularySize = 24
        /// max_position_embeddings.
        public var maximumPositions = 32
        /// activation_function.
        public var activation = "swish"
        /// F32, F16 or BF16, of model.safetensors; exit heads are F32.
        public var elementType = TensorFile.ElementType.float32
        /// Two embeddings, and target_vocab.json.
        public var separateVocabularies = false
        /// A projection of its own, lm_head.weight.
        public var separateProjection = false
        /// One stored layer per stack.
        public var sharedLayers = false
        /// Normalisations before blocks, and at the end of both stacks; said in config.json only.
        public var normalizesBefore = false
        /// exits.json and exits.safetensors.
        public var withExits = true
        /// exits.classifiers, the last equal to the model's own.
        public var separateClassifiers = false
        /// Weights are uniform in ±scale.
        public var scale: Float = 0.35
        /// Every weight follows from it.
        public var seed: UInt64 = 1

        /// The defaults above.
        public init() {}
    }

    /// config.json.
    public var config: JSONObject
    /// tokenizer_config.json.
    public var tokenizerConfig: JSONObject
    /// vocab.json, and target_vocab.json where vocabularies are separate.
    public var vocabulary: JSONObject
    /// exits.json, nil without exits.
    public var exits: JSONObject?
    /// model.safetensors.
    public var model: TensorFile
    /// exits.safetensors, nil without exits.
    public var exitHeads: TensorFile?
    /// More files, or other contents for the above; these come last.
    public var files: [String: [UInt8]]

    /// Makes the contents; nothing is written yet.
    public init(_ options: Options = Options()) {
        var weights = CheckpointWeights(options)
        config = Self.config(options)
        tokenizerConfig = JSONObject([
            .init("source_lang", .string("de")), .init("target_lang", .string("en")),
            .init("separate_vocabs", .bool(options.separateVocabularies)),
        ])
        vocabulary = Self.vocabulary(options)
        model = weights.model()
        exits = options.withExits ? Self.exits(options) : nil
        exitHeads = options.withExits ? weights.exitHeads(model: model) : nil
        // Checkpoint does not look inside; tests that tokenise put models of their own here.
        files = ["source.spm": Array("source".utf8), "target.spm": Array("target".utf8)]
        if options.separateVocabularies {
            files["target_vocab.json"] = JSON.serialize(.object(vocabulary))
        }
    }

    /// All files by name, serialised.
    public var contents: [String: [UInt8]] {
        var all = [
            "config.json": JSON.serialize(.object(config), style: .pretty),
            "tokenizer_config.json": JSON.serialize(.object(tokenizerConfig)),
            "vocab.json": JSON.serialize(.object(vocabulary)),
            "model.safetensors": model.bytes,
        ]
        if let exits { all["exits.json"] = JSON.serialize(.object(exits)) }
        if let exitHeads { all["exits.safetensors"] = exitHeads.bytes }
        return all.merging(files) { _, given in given }
    }

    /// Writes all files but the ones left out into a directory that exists.
    public func write(
        to directory: TemporaryDirectory, leavingOut omitted: Set<String> = []
    ) throws {
        for (name, bytes) in contents where !omitted.contains(name) {
            try directory.write(bytes, to: name)
        }
    }
}

extension CheckpointWriter {
    private static func config(_ options: Options) -> JSONObject {
        let size = Int64(options.vocabularySize)
        return JSONObject([
            .init("model_type", .string("marian")),
            .init("d_model", .integer(Int64(options.width))),
            .init("encoder_layers", .integer(Int64(options.encoderLayers))),
            .init("decoder_layers", .integer(Int64(options.decoderLayers))),
            .init("encoder_attention_heads", .integer(Int64(options.encoderHeads))),
            .init("decoder_attention_heads", .integer(Int64(options.decoderHeads))),
            .init("encoder_ffn_dim", .integer(Int64(options.encoderFeedForward))),
            .init("decoder_ffn_dim", .integer(Int64(options.decoderFeedForward))),
            .init("activation_function", .string(options.activation)),
            .init("vocab_size", .integer(size)),
            .init("decoder_vocab_size", .integer(size)),
            .init("max_position_embeddings", .integer(Int64(options.maximumPositions))),
            .init("scale_embedding", .bool(true)),
            .init("share_encoder_decoder_embeddings", .bool(!options.separateVocabularies)),
            .init("tie_word_embeddings", .bool(!options.separateProjection)),
            .init("shared_layers", .bool(options.sharedLayers)),
            .init("normalize_before", .bool(options.normalizesBefore)),
            .init("add_final_layer_norm", .bool(options.normalizesBefore)),
            .init("eos_token_id", .integer(0)),
            .init("pad_token_id", .integer(size - 1)),
            .init("decoder_start_token_id", .integer(size - 1)),
        ])
    }

    /// `</s>`, `<unk>`, pieces of one letter or more, `<pad>`.
    private static func vocabulary(_ options: Options) -> JSONObject {
        let count = options.vocabularySize
        return JSONObject(
            (0..<count).map { id in
                let piece =
                    switch id {
                    case 0: "</s>"
                    case 1: "<unk>"
                    case count - 1: "<pad>"
                    default: "▁p\(id)"
                    }
                return .init(piece, .integer(Int64(id)))
            })
    }

    private static func exits(_ options: Options) -> JSONObject {
        let thresholds = [JSONValue](
            repeating: .number(0.3), count: max(options.decoderLayers - 1, 0))
        let classifiers = options.separateClassifiers ? "separate" : "shared"
        return JSONObject([
            .init("version", .integer(1)),
            .init("decoder_training", .string("aligned")),
            .init("exit_classifiers", .string(classifiers)),
            .init(
                "policies",
                .object(
                    JSONObject([
                        .init("sequence", .object(JSONObject([]))),
                        .init("token_multinomial", .object(JSONObject([]))),
                        .init(
                            "token_geometric",
                            .object(JSONObject([.init("threshold", .number(0.5))]))),
                        .init(
                            "confidence",
                            .object(JSONObject([.init("thresholds", .array(thresholds))]))),
                    ]))),
            .init("default_policy", .string("full")),
        ])
    }
}
