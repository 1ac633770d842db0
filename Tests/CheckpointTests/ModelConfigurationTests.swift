import Checkpoint
import JSON
import TestSupport
import Testing

@Suite struct ModelConfigurationTests {
    @Test(
        "A value that cannot be honoured is refused by its key",
        arguments: [
            ("model_type", .string("bart"), .unsupportedValue),
            ("model_type", .string("t5"), .unsupportedValue),
            ("normalize_before", .integer(1), .wrongType),
            ("position_encoding", .string("rotary"), .unsupportedValue),
            ("decoder_cell", .string("gru"), .unsupportedValue),
            ("decoder_start", .string("one"), .unsupportedValue),
            ("layer_norm_epsilon", .integer(1), .outOfRange),
            ("static_position_embeddings", .bool(false), .unsupportedValue),
            ("activation_function", .string("gelu_new"), .unsupportedValue),
            ("d_model", .integer(15), .outOfRange), ("d_model", .integer(0), .outOfRange),
            ("d_model", .integer(.max), .outOfRange), ("d_model", .number(16), .wrongType),
            ("d_model", .string("16"), .wrongType), ("d_model", .null, .keyMissing),
            ("encoder_layers", .integer(0), .outOfRange),
            ("decoder_layers", .integer(-1), .outOfRange),
            ("encoder_attention_heads", .integer(3), .outOfRange),
            ("decoder_attention_heads", .integer(0), .outOfRange),
            ("decoder_ffn_dim", .integer(1 << 40), .outOfRange),
            ("vocab_size", .integer(.min), .outOfRange),
            ("max_position_embeddings", .integer(1), .outOfRange),
            ("max_position_embeddings", .integer(1 << 50), .outOfRange),
            ("scale_embedding", .integer(1), .wrongType),
            ("eos_token_id", .integer(24), .outOfRange),
            ("pad_token_id", .integer(24), .outOfRange),
            ("pad_token_id", .integer(0), .outOfRange),
            ("decoder_start_token_id", .integer(-1), .outOfRange),
            ("bad_words_ids", .array([.array([.integer(24)])]), .outOfRange),
            ("bad_words_ids", .array([.integer(2)]), .wrongType),
            ("bad_words_ids", .string("2"), .wrongType),
        ] as [(String, JSONValue, CheckpointError.Code)])
    func refusals(key: String, value: JSONValue, code: CheckpointError.Code) throws {
        let error = try fault { $0.config = $0.config.setting(key, value) }
        #expect(error?.code == code)
        #expect(error?.subject == key)
        #expect(error?.file == "config.json")
    }

    @Test(
        "A key that every checkpoint has to have is missed by name",
        arguments: [
            "d_model", "encoder_layers", "decoder_layers", "encoder_attention_heads",
            "decoder_attention_heads", "encoder_ffn_dim", "decoder_ffn_dim", "activation_function",
            "vocab_size", "max_position_embeddings", "eos_token_id", "pad_token_id",
            "decoder_start_token_id",
        ])
    func missingKey(key: String) throws {
        let error = try fault { $0.config = $0.config.setting(key, nil) }
        #expect(error?.code == .keyMissing)
        #expect(error?.subject == key)
    }

    @Test("Keys with a default may be absent")
    func defaults() throws {
        var writer = CheckpointWriter()
        for key in [
            "model_type", "decoder_vocab_size", "scale_embedding", "tie_word_embeddings",
            "share_encoder_decoder_embeddings", "shared_layers",
        ] {
            writer.config = writer.config.setting(key, nil)
        }
        let configuration = try load(writer).configuration
        #expect(configuration.targetVocabularySize == 24)
        #expect(!configuration.scalesEmbeddings)
        #expect(configuration.tiesProjection)
        #expect(configuration.sharesEmbeddings)
        #expect(!configuration.sharesLayers)
    }

    @Test(
        "All activations are known by their names",
        arguments: [
            ("relu", .relu), ("swish", .swish), ("silu", .swish), ("gelu", .gelu),
            ("quick_gelu", .quickGELU),
        ] as [(String, ModelConfiguration.ActivationFunction)])
    func activations(name: String, activation: ModelConfiguration.ActivationFunction) throws {
        var options = CheckpointWriter.Options()
        options.activation = name
        #expect(try load(CheckpointWriter(options)).configuration.activation == activation)
    }

    @Test("Banned are the pad and the single ids of both files, never the end of sentence")
    func bannedIDs() throws {
        var writer = CheckpointWriter()
        let bans = JSONValue.array([
            .array([.integer(7)]), .array([.integer(5), .integer(6)]), .array([.integer(0)]),
            .array([.integer(23)]),
        ])
        writer.config = writer.config.setting("bad_words_ids", bans)
        writer.files["generation_config.json"] = Array(
            #"{"bad_words_ids":[[9],[7]],"num_beams":4,"forced_eos_token_id":0}"#.utf8)
        let configuration = try load(writer).configuration
        #expect(configuration.bannedIDs == [7, 9, 23])
    }

    @Test("Vocabularies of different sizes cannot share an embedding")
    func sharing() throws {
        let error = try fault { $0.config = $0.config.setting("decoder_vocab_size", .integer(30)) }
        #expect(error?.subject == "share_encoder_decoder_embeddings")
    }

    @Test("A position table that would not fit in memory is refused")
    func positionTable() throws {
        let error = try fault {
            $0.config = $0.config.setting("d_model", .integer(16_384))
                .setting("max_position_embeddings", .integer(65_536))
        }
        #expect(error?.code == .outOfRange)
        #expect(error?.subject == "max_position_embeddings")
    }

    @Test("A key that is there twice is refused with its place")
    func duplicateKey() throws {
        let error = try fault {
            $0.files["config.json"] = Array("{\"d_model\":16,\n\"d_model\":32}".utf8)
        }
        #expect(error?.code == .malformedJSON)
        #expect(error?.found == "line 2, column 1: duplicate member name \"d_model\"")
    }
}
