import JSON
import Yams

/// `special:model.yml`, the options that a model of Marian was trained with, as far as they say what is computed.
struct MarianSettings {
    static let name = "special:model.yml"

    /// What config.json calls Marian's functions; its gelu is x σ(1.702 x).
    private static let activations = ["relu": "relu", "swish": "swish", "gelu": "quick_gelu"]

    private let file: String
    private let mapping: Node.Mapping

    /// More than any has.
    static let mostBytes = 1 << 18

    init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
        self.file = file
        // A zero ends it in some files.
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        mapping = try MarianYAML.mapping(text, file: "\(file): \(Self.name)")
    }

    private func text(_ key: String) -> String? {
        guard let text = mapping[key]?.scalar?.string, text != "~", text != "null" else {
            return nil
        }
        return text
    }

    /// The activation function, as config.json calls it.
    private func activation() throws(CheckpointError) -> String {
        let key = "transformer-ffn-activation"
        let own = text(key) ?? "swish"
        guard let name = Self.activations[own] else {
            throw fault(
                key, found: CheckpointError.quoted(own), expected: "relu, swish or gelu")
        }
        return name
    }

    private func fault(
        _ key: String, found: String, expected: String
    ) -> CheckpointError {
        CheckpointError(
            .unsupportedValue, file: file, subject: "\(Self.name).\(key)", found: found,
            expected: expected)
    }

    private func integer(
        _ key: String, default absent: Int? = nil
    ) throws(CheckpointError) -> Int {
        guard let text = text(key) else {
            if let absent { return absent }
            throw CheckpointError(
                .keyMissing, file: file, subject: "\(Self.name).\(key)", found: "no such key",
                expected: "a number")
        }
        guard let value = Int(text), (0...1 << 24).contains(value) else {
            throw fault(key, found: CheckpointError.quoted(text), expected: "a number")
        }
        return value
    }

    private func flag(_ key: String) -> Bool { ["true", "yes", "on"].contains(text(key)) }

    /// Refuses what the engine does not compute.
    func requireSupported() throws(CheckpointError) {
        let type = text("type") ?? ""
        guard type == "transformer" else {
            throw fault("type", found: CheckpointError.quoted(type), expected: "transformer")
        }
        for key in [
            "transformer-no-projection", "transformer-pool", "ulr", "transformer-no-bias",
            "transformer-no-affine", "transformer-rnn-projection", "right-left",
        ] where flag(key) {
            throw fault(key, found: "true", expected: "false, the only value that is computed")
        }
        for (key, only) in [("transformer-ffn-depth", 2), ("lemma-dim-emb", 0)] {
            let value = try integer(key, default: only)
            guard value == only else {
                throw fault(
                    key, found: "\(value)", expected: "\(only), the only value that is computed")
            }
        }
        // 0 stands for that of the encoder.
        guard [0, 2].contains(try integer("transformer-decoder-ffn-depth", default: 0)) else {
            throw fault(
                "transformer-decoder-ffn-depth",
                found: CheckpointError.quoted(text("transformer-decoder-ffn-depth") ?? ""),
                expected: "0 or 2, the only values that are computed")
        }
        for key in Self.operations {
            let codes = text(key) ?? ""
            guard codes.allSatisfy({ "dahn".contains($0) }) else {
                throw fault(
                    key, found: CheckpointError.quoted(codes),
                    expected: "d, a and n, the operations that are computed")
            }
        }
        _ = try activation()
        if cell == "ssru", flag("layer-normalization") {
            throw fault("layer-normalization", found: "true", expected: "false with dec-cell ssru")
        }
        guard cell == "ssru" || autoregression == "self-attention" else {
            throw fault(
                "transformer-decoder-autoreg",
                found: CheckpointError.quoted(autoregression) + " with cell "
                    + CheckpointError.quoted(text("dec-cell") ?? ""),
                expected: "self-attention, or rnn with dec-cell ssru")
        }
    }

    /// Options of letters: d (dropout, of training alone), a (sum), h (highway), n (normalisation), r (RMS normalisation).
    private static let operations = [
        "transformer-preprocess", "transformer-postprocess", "transformer-postprocess-emb",
        "transformer-postprocess-top",
    ]

    private var autoregression: String { text("transformer-decoder-autoreg") ?? "self-attention" }

    private var cell: String? { autoregression == "rnn" ? text("dec-cell") : nil }

    var isRecurrent: Bool { cell == "ssru" }

    func layers(_ stack: String) throws(CheckpointError) -> Int { try integer("\(stack)-depth") }

    /// The layer whose weights each decoder layer uses, from 1; nil: its own.
    func tiedLayers() throws(CheckpointError) -> [Int]? {
        let key = "transformer-tied-layers"
        guard let sequence = mapping[key]?.sequence else {
            guard text(key) == nil, mapping[key]?.mapping == nil else {
                throw fault(key, found: "no list", expected: "a list of layers' numbers")
            }
            return nil
        }
        if sequence.isEmpty { return nil }
        let layers = sequence.compactMap { $0.scalar.flatMap { Int($0.string) } }
        let depth = try self.layers("dec")
        guard layers.count == depth, layers.allSatisfy({ (1...depth).contains($0) }) else {
            throw fault(
                "transformer-tied-layers", found: "\(sequence.count) entries",
                expected: "a layer's number for each of \(depth) layers")
        }
        return layers
    }

    /// Where layers normalise: the operation `n` among those before a block, or behind it.
    func normPlacement() throws(CheckpointError) -> Architecture.NormPlacement {
        let before = text("transformer-preprocess") ?? ""
        let behind = text("transformer-postprocess") ?? "dan"
        switch (before.contains("n"), behind.contains("n")) {
        case (true, false) where behind.contains("a") && !behind.contains("h"): return .beforeBlock
        case (false, true) where behind.contains("an") && !behind.contains("h"): return .behindSum
        default:
            throw fault(
                "transformer-postprocess",
                found: "\(CheckpointError.quoted(behind)) after \(CheckpointError.quoted(before))",
                expected: "a sum (a) with one normalisation (n), before the block or behind the sum"
            )
        }
    }

    /// Whether stacks end with a normalisation.
    func normalizesEnds() throws(CheckpointError) -> Bool {
        let top = text("transformer-postprocess-top") ?? ""
        guard !top.contains("a"), !top.contains("h") else {
            throw fault(
                "transformer-postprocess-top", found: CheckpointError.quoted(top),
                expected: "a normalisation (n) or nothing")
        }
        return top.contains("n")
    }

    var normalizesEmbeddings: Bool { (text("transformer-postprocess-emb") ?? "d").contains("n") }

    var learnsPositions: Bool {
        flag("transformer-train-positions") || flag("transformer-train-position-embeddings")
    }

    var omitsLogitBias: Bool { flag("output-omit-bias") }

    var tiesAllEmbeddings: Bool { flag("tied-embeddings-all") }
    var tiesSource: Bool { tiesAllEmbeddings || flag("tied-embeddings-src") }
    var tiesProjection: Bool { tiesAllEmbeddings || flag("tied-embeddings") }

    /// config.json of the same network.
    func configuration(
        vocabularies: (source: Int, target: Int), endOfSentence: Int, unknown: Int?,
        positions: Int
    ) throws(CheckpointError) -> JSONObject {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        let heads = try integer("transformer-heads", default: 8)
        let inner = try integer("transformer-dim-ffn", default: 2_048)
        let decoderInner = try integer("transformer-decoder-dim-ffn", default: 0)
        let decoderHeads = try integer("transformer-decoder-heads", default: 0)
        let placement = try normPlacement()
        return JSONObject([
            .init("model_type", .string("marian")),
            .init("d_model", number(try integer("dim-emb"))),
            .init("encoder_layers", number(try layers("enc"))),
            .init("decoder_layers", number(try layers("dec"))),
            .init("encoder_attention_heads", number(heads)),
            .init("decoder_attention_heads", number(decoderHeads > 0 ? decoderHeads : heads)),
            .init("encoder_ffn_dim", number(inner)),
            .init("decoder_ffn_dim", number(decoderInner > 0 ? decoderInner : inner)),
            .init("activation_function", .string(try activation())),
            .init("vocab_size", number(vocabularies.source)),
            .init("decoder_vocab_size", number(vocabularies.target)),
            .init("max_position_embeddings", number(positions)),
            .init("scale_embedding", .bool(!learnsPositions)),
            .init("share_encoder_decoder_embeddings", .bool(tiesSource)),
            .init("tie_word_embeddings", .bool(tiesProjection)),
            .init("eos_token_id", number(endOfSentence)),
            .init("decoder_start", .string("zero")), .init("has_pad", .bool(false)),
            .init("bad_words_ids", .array(unknown.map { [.array([number($0)])] } ?? [])),
            .init("normalize_before", .bool(placement == .beforeBlock)),
            .init("normalize_embedding", .bool(normalizesEmbeddings)),
            .init("add_final_layer_norm", .bool(try normalizesEnds())),
            .init("layer_norm_epsilon", .number(1e-6)),
            .init("position_encoding", .string(learnsPositions ? "learned" : "marian")),
            .init("decoder_cell", .string(isRecurrent ? "ssru" : "attention")),
            .init("logit_bias", .bool(!omitsLogitBias)),
        ])
    }
}
