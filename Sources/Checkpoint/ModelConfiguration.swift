/// The transformer that a config.json describes, every value checked.
///
/// The keys are those of Hugging Face's configurations of Marian, M2M-100 and mBART; what the engine would have to
/// compute otherwise than asked is refused here, never left to differ silently.
public struct ModelConfiguration: Sendable, Equatable {
    /// The nonlinearity between the two maps of a feed-forward block.
    public enum ActivationFunction: String, Sendable, CaseIterable {
        /// max(x, 0).
        case relu
        /// x · σ(x); config.json calls it `swish` or `silu`.
        case swish
        /// x · Φ(x) in its exact form with the error function.
        case gelu
        /// x · σ(1.702 x), Marian's `gelu`.
        case quickGELU = "quick_gelu"
    }

    /// The sizes of one stack of layers.
    public struct Stack: Sendable, Equatable {
        /// The number of layers, at least 1.
        public internal(set) var layers: Int
        /// The number of attention heads; divides `width`.
        public let heads: Int
        /// The width of the feed-forward blocks.
        public let feedForwardWidth: Int
    }

    /// What `model_type` says.
    public let architecture: Architecture
    /// `d_model`, the width of embeddings and states; even.
    public let width: Int
    /// The encoder's sizes.
    public let encoder: Stack
    /// The decoder's sizes; its `layers` are the N of method.md.
    public internal(set) var decoder: Stack
    /// `activation_function` of both stacks.
    public let activation: ActivationFunction
    /// `vocab_size`: rows of the encoder's embedding.
    public let sourceVocabularySize: Int
    /// `decoder_vocab_size`: rows of the decoder's embedding and of the projection, V.
    public let targetVocabularySize: Int
    /// `max_position_embeddings`: no sequence is longer, end of sentence counted.
    public let maximumPositions: Int
    /// `scale_embedding`: embeddings are multiplied by √d_model.
    public let scalesEmbeddings: Bool
    /// `share_encoder_decoder_embeddings`: both stacks use one embedding where `tiesProjection`, too; each
    /// has its own otherwise.
    public let sharesEmbeddings: Bool
    /// `tie_word_embeddings`: the projection is the decoder's embedding; it is `lm_head.weight` otherwise.
    public let tiesProjection: Bool
    /// `shared_layers` (ours): all layers of a stack share the weights stored as `layers.0`.
    public internal(set) var sharesLayers: Bool
    /// `eos_token_id`: ends source and target.
    public let endOfSentenceID: Int
    /// `pad_token_id`: never produced; nil where `has_pad` (ours) is false.
    public let padID: Int?
    /// `decoder_start_token_id`: what decoding starts from; nil where `decoder_start` (ours) is "zero": from the first position without an
    /// embedding, as Marian does.
    public let decoderStartID: Int?
    /// Ids that are never produced, ascending: the pad id, and the single ids of `bad_words_ids`
    /// in config.json and generation_config.json.
    public let bannedIDs: [Int]

    /// The same with a decoder of so many layers, none of which share weights.
    public func withDecoderLayers(_ count: Int) -> ModelConfiguration {
        precondition(count >= 1)
        var other = self
        other.decoder.layers = count
        other.sharesLayers = false
        return other
    }
}

extension ModelConfiguration {
    /// What embeddings are multiplied by: √d where `scalesEmbeddings`, else 1.
    public var embeddingScale: Float { scalesEmbeddings ? Float(width).squareRoot() : 1 }
}
