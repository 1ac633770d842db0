public import Checkpoint
import JSON

/// The sizes of a new network, by which its config.json is written.
public struct NetworkSizes: Sendable {
    /// d, even.
    public var width = 128
    /// Attention heads of both stacks; a divisor of the width.
    public var heads = 4
    /// Layers of the encoder.
    public var encoderLayers = 6
    /// N, layers of the decoder.
    public var decoderLayers = 6
    /// f, the inner width of feed-forward blocks.
    public var feedForwardWidth = 512
    /// Of feed-forward blocks.
    public var activation = ModelConfiguration.ActivationFunction.relu
    /// Positions of a sentence.
    public var maximumPositions = 256
    /// Where layers normalise; before the block goes with a normalisation at the end of both stacks.
    public var norms = Architecture.NormPlacement.behindSum
    /// Whether all layers of a stack are one (Universal Transformer).
    public var sharesLayers = false
    /// The sizes of the shipped model.
    public init() {}

    /// config.json of such a network, in the keys of Hugging Face's Marian; with normalisations before blocks, which that does not compute,
    /// in ours beside them.
    ///
    /// - Parameters:
    ///   - size: V, of both sides.
    ///   - endOfSentenceID: the id of `</s>`.
    ///   - padID: the id of `<pad>`, which decoding starts from, too.
    ///   - dropout: share of elements that dropout sets to 0; said in the file only.
    /// - Returns: the file's bytes.
    public func configuration(
        vocabulary size: Int, endOfSentenceID: Int, padID: Int, dropout: Double
    ) -> [UInt8] {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        var members: [JSONObject.Member] = [
            .init("model_type", .string("marian")),
            .init("is_encoder_decoder", .bool(true)),
            .init("d_model", number(width)),
            .init("encoder_layers", number(encoderLayers)),
            .init("decoder_layers", number(decoderLayers)),
            .init("encoder_attention_heads", number(heads)),
            .init("decoder_attention_heads", number(heads)),
            .init("encoder_ffn_dim", number(feedForwardWidth)),
            .init("decoder_ffn_dim", number(feedForwardWidth)),
            .init("activation_function", .string(activation.rawValue)),
            .init("vocab_size", number(size)), .init("decoder_vocab_size", number(size)),
            .init("max_position_embeddings", number(maximumPositions)),
            .init("scale_embedding", .bool(true)),
            .init("share_encoder_decoder_embeddings", .bool(true)),
            .init("tie_word_embeddings", .bool(true)),
            .init("dropout", .number(dropout)),
            .init("bos_token_id", number(endOfSentenceID)),
            .init("eos_token_id", number(endOfSentenceID)),
            .init("forced_eos_token_id", number(endOfSentenceID)),
            .init("pad_token_id", number(padID)),
            .init("decoder_start_token_id", number(padID)),
        ]
        if norms == .behindSum {
            members.insert(.init("architectures", .array([.string("MarianMTModel")])), at: 0)
        } else {
            members.append(.init("normalize_before", .bool(true)))
            members.append(.init("add_final_layer_norm", .bool(true)))
        }
        if sharesLayers { members.append(.init("shared_layers", .bool(true))) }
        return JSON.serialize(.object(JSONObject(members)), style: .pretty)
    }
}

extension ModelConfiguration {
    /// tokenizer_config.json beside a network of training.
    ///
    /// - Parameters:
    ///   - source: language of the source, as a code.
    ///   - target: language of the target.
    ///   - maximumLength: the most tokens of a source that the model is good for, end of sentence included.
    ///   - completesSentences: whether sentences without a mark at their end are given one for the model.
    /// - Returns: the file's bytes.
    public func tokenizerFile(
        source: String, target: String, maximumLength: Int, completesSentences: Bool
    ) -> [UInt8] {
        var members: [JSONObject.Member] = [
            .init("tokenizer_class", .string("MarianTokenizer")),
            .init("source_lang", .string(source)), .init("target_lang", .string(target)),
            .init("eos_token", .string("</s>")), .init("unk_token", .string("<unk>")),
            .init("pad_token", .string("<pad>")),
            .init("model_max_length", .integer(Int64(maximumLength))),
            .init("separate_vocabs", .bool(false)),
        ]
        if completesSentences { members.append(.init("complete_sentences", .bool(true))) }
        return JSON.serialize(.object(JSONObject(members)), style: .pretty)
    }
}
