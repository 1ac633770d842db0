import JSON

/// A directory that CTranslate2's converters write: OpenNMT's, Marian's and Hugging Face's transformers, in any of its precisions.
struct CTranslate2Model {
    private let opened: OpenFile
    private let content: CTranslate2File
    private var vocabularies: CTranslate2Vocabularies
    /// Variables that were given a canonical name, or say something that was asked for.
    private var used: Set<ExactString> = []
    private var entries: [Weights.Entry] = []
    /// More than any bias has.
    private static let mostZeros = 1 << 20

    init(_ opened: OpenFile, _ reader: inout DirectoryReader, folder: String)
        throws(CheckpointError)
    {
        self.opened = opened
        content = try CTranslate2File(opened)
        let known = ["TransformerSpec", "TransformerBase", "TransformerBig"]
        guard known.contains(content.specification) else {
            throw CheckpointError(
                .unsupportedFormat, file: opened.name,
                found: CheckpointError.quoted(content.specification),
                expected: "an encoder-decoder, TransformerSpec")
        }
        vocabularies = try CTranslate2Vocabularies(&reader, folder: folder)
    }

    // MARK: Attributes

    private mutating func variable(_ name: String) -> CTranslate2File.Variable? {
        let variable = peek(name)
        if variable != nil { used.insert(ExactString(name)) }
        return variable
    }

    /// A variable that is looked at, and not used by that.
    private func peek(_ name: String) -> CTranslate2File.Variable? {
        content.variables[ExactString(name)]
    }

    /// A single number under the first of some names that is there.
    private mutating func number(_ names: String...) throws(CheckpointError) -> Double? {
        for name in names {
            guard let variable = variable(name) else { continue }
            guard variable.shape.allSatisfy({ $0 == 1 }),
                let bits = LittleEndianBytes(try opened.bytes(variable.bytes))
                    .integer(at: 0, variable.elementType.byteCount)
            else { throw fault(name, found: "shape \(variable.shape)", expected: "one number") }
            switch variable.elementType {
            case .int8: return Double(Int8(truncatingIfNeeded: bits))
            case .int16: return Double(Int16(truncatingIfNeeded: bits))
            case .int32: return Double(Int32(truncatingIfNeeded: bits))
            case .float32: return Double(Float(bitPattern: UInt32(bits)))
            default:
                throw fault(
                    name, found: variable.elementType.rawValue, expected: "an integer or F32")
            }
        }
        return nil
    }

    /// The same as an integer; nil where there is none of these names.
    private mutating func integer(_ names: String...) throws(CheckpointError) -> Int? {
        for name in names {
            guard let number = try number(name) else { continue }
            guard let integer = Int(exactly: number) else {
                throw fault(name, found: "\(number)", expected: "an integer")
            }
            return integer
        }
        return nil
    }

    private mutating func flag(
        _ stack: String, _ name: String, default absent: Bool
    ) throws(CheckpointError) -> Bool {
        try number("\(stack)/\(name)", name).map { $0 != 0 } ?? absent
    }

    private func fault(_ name: String, found: String, expected: String) -> CheckpointError {
        CheckpointError(
            .unsupportedValue, file: opened.name, subject: name, found: found, expected: expected)
    }

    /// The same value of both stacks.
    private mutating func common<Value: Equatable>(
        _ name: String, _ value: (inout CTranslate2Model, String) throws(CheckpointError) -> Value
    ) throws(CheckpointError) -> Value {
        let encoder = try value(&self, "encoder")
        let decoder = try value(&self, "decoder")
        guard encoder == decoder else {
            throw fault(
                "decoder/\(name)", found: "\(decoder)", expected: "\(encoder), as in the encoder")
        }
        return encoder
    }

    private mutating func activation(_ stack: String) throws(CheckpointError) -> String {
        let number = try integer("\(stack)/activation", "activation") ?? 0
        let names = [0: "relu", 2: "swish", 3: "gelu", 4: "quick_gelu"]
        guard let name = names[number] else {
            throw fault(
                "\(stack)/activation", found: "\(number)",
                expected: "relu (0), swish (2), gelu in its exact form (3) or by a sigmoid (4)")
        }
        return name
    }

    private mutating func scales(_ stack: String) throws(CheckpointError) -> Bool {
        let names = ["\(stack)/scale_embeddings", "\(stack)/embeddings/multiply_by_sqrt_depth"]
        let type = names.compactMap { peek($0)?.elementType }.first
        guard let number = try number(names[0], names[1]) else { return true }
        let root = Double(width).squareRoot()
        guard type == .int8 || number == 1 || abs(number - root) < 1e-3 * root else {
            throw fault(
                names[0], found: "\(number)", expected: "1 or the square root of \(width)")
        }
        return type == .int8 ? number != 0 : number != 1
    }

    private var width: Int {
        peek("decoder/embeddings/weight")?.shape.last ?? 0
    }

    private func layers(_ stack: String) -> Int {
        (0...256).first {
            peek("\(stack)/layer_\($0)/ffn/linear_0/weight") == nil
        } ?? 0
    }

    private func inner(_ stack: String) -> Int {
        peek("\(stack)/layer_0/ffn/linear_0/weight")?.shape.first ?? 0
    }

    private mutating func heads(_ stack: String) throws(CheckpointError) -> Int {
        try integer("\(stack)/num_heads", "num_heads")
            ?? (content.specification == "TransformerBig" ? 16 : 8)
    }

    // MARK: The parts

    mutating func parts() throws(CheckpointError) -> CheckpointParts {
        for name in ["with_source_bos", "with_source_eos", "with_target_bos"] {
            if let value = try number(name) { vocabularies.take(flag: name, value != 0) }
        }
        try addEmbeddings()
        for stack in ["encoder", "decoder"] { try addStack(stack) }
        let config = try configuration()
        try refuseOthers()
        let configuration = try ModelConfiguration(
            config: config, generation: nil, file: opened.name)
        return CheckpointParts(
            configuration: configuration, settings: config,
            tokenizer: try vocabularies.tokenizer(),
            sourceVocabulary: try vocabularies.vocabulary(
                .source, size: configuration.sourceVocabularySize),
            targetVocabulary: try vocabularies.vocabulary(
                .target, size: configuration.targetVocabularySize),
            models: vocabularies.models,
            weights: Weights(file: opened.name, entries: entries, parts: [opened]))
    }

    /// Whether variables are of the same bytes.
    private func areSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (
            peek(one), peek(other)
        )
        return one != nil && one?.bytes == other?.bytes
    }

    private var encoderEmbedding: String {
        peek("encoder/embeddings/weight") == nil
            ? "encoder/embeddings_0" : "encoder/embeddings"
    }

    private var sharesEmbeddings: Bool {
        areSame("\(encoderEmbedding)/weight", "decoder/embeddings/weight")
    }

    private var tiesProjection: Bool {
        areSame("decoder/projection/weight", "decoder/embeddings/weight")
    }

    private mutating func addEmbeddings() throws(CheckpointError) {
        if sharesEmbeddings {
            try add("decoder/embeddings", to: "model.shared")
        } else {
            try add(encoderEmbedding, to: "model.encoder.embed_tokens")
            try add("decoder/embeddings", to: "model.decoder.embed_tokens")
        }
        try mark("\(encoderEmbedding)/weight")
        if tiesProjection {
            try mark("decoder/projection/weight")
        } else {
            try add("decoder/projection", to: "lm_head")
        }
        if let bias = variable("decoder/projection/bias") {
            entries.append(
                Weights.Entry(
                    name: "final_logits_bias", elementType: bias.elementType,
                    shape: [1] + bias.shape, bytes: bias.bytes))
        }
    }

    /// Says that a variable, and its scale, need no name of their own.
    private mutating func mark(_ name: String) throws(CheckpointError) {
        for suffix in ["", "_scale"] { _ = variable(name + suffix) }
    }

    private mutating func addStack(_ stack: String) throws(CheckpointError) {
        let to = "model.\(stack)"
        addNorm("\(stack)/layernorm_embedding", to: "\(to).layernorm_embedding")
        addNorm("\(stack)/layer_norm", to: "\(to).layer_norm")
        if let encodings = variable("\(stack)/position_encodings/encodings"),
            encodings.shape.count == 2
        {
            let (rows, width) = (min(positions, encodings.shape[0]), encodings.shape[1])
            let bytes = encodings.bytes.prefix(rows * width * encodings.elementType.byteCount)
            entries.append(
                Weights.Entry(
                    name: "\(to).embed_positions.weight", elementType: encodings.elementType,
                    shape: [rows, width], bytes: bytes.startIndex..<bytes.endIndex))
        }
        for layer in 0..<layers(stack) {
            let (from, to) = ("\(stack)/layer_\(layer)", "\(to).layers.\(layer)")
            try add(
                "\(from)/self_attention/linear_0",
                rows: ["q_proj", "k_proj", "v_proj"].map { "\(to).self_attn.\($0)" })
            try add("\(from)/self_attention/linear_1", to: "\(to).self_attn.out_proj")
            addNorm("\(from)/self_attention/layer_norm", to: "\(to).self_attn_layer_norm")
            if stack == "decoder" {
                try add("\(from)/attention/linear_0", to: "\(to).encoder_attn.q_proj")
                try add(
                    "\(from)/attention/linear_1",
                    rows: ["k_proj", "v_proj"].map { "\(to).encoder_attn.\($0)" })
                try add("\(from)/attention/linear_2", to: "\(to).encoder_attn.out_proj")
                addNorm("\(from)/attention/layer_norm", to: "\(to).encoder_attn_layer_norm")
            }
            try add("\(from)/ffn/linear_0", to: "\(to).fc1")
            try add("\(from)/ffn/linear_1", to: "\(to).fc2")
            addNorm("\(from)/ffn/layer_norm", to: "\(to).final_layer_norm")
        }
    }

    private mutating func addNorm(_ from: String, to: String) {
        for (name, own) in [("gamma", "weight"), ("beta", "bias")] {
            guard let variable = variable("\(from)/\(name)") else { continue }
            entries.append(
                Weights.Entry(
                    name: "\(to).\(own)", elementType: variable.elementType, shape: variable.shape,
                    bytes: variable.bytes))
        }
    }

    private mutating func add(_ from: String, to: String) throws(CheckpointError) {
        try add(from, rows: [to])
    }

    /// Names the rows of a linear map, in as many equal parts as there are names; a map without a bias gets one of zeros.
    private mutating func add(_ from: String, rows names: [String]) throws(CheckpointError) {
        guard let weight = variable("\(from)/weight"), weight.shape.count == 2 else { return }
        let (outputs, inputs) = (weight.shape[0] / names.count, weight.shape[1])
        let bias = variable("\(from)/bias")
        guard weight.shape[0] == outputs * names.count else {
            throw CheckpointError(
                .shapeMismatch, file: opened.name, subject: "\(from)/weight",
                found: "shape \(weight.shape)", expected: "\(names.count) equal parts")
        }
        if let bias, bias.shape != [weight.shape[0]] {
            throw CheckpointError(
                .shapeMismatch, file: opened.name, subject: "\(from)/bias",
                found: "shape \(bias.shape)", expected: "shape [\(weight.shape[0])]")
        }
        let scale = try divisors("\(from)/weight", weight)
        for (index, name) in names.enumerated() {
            let size = outputs * inputs * weight.elementType.byteCount
            let start = weight.bytes.lowerBound + index * size
            var layout = Weights.Layout()
            if case .rows(let range) = scale {
                let first = range.lowerBound + 4 * index * outputs
                layout.divisors = .rows(first..<first + 4 * outputs)
            } else {
                layout.divisors = scale
            }
            entries.append(
                Weights.Entry(
                    name: name + ".weight", elementType: weight.elementType,
                    shape: [outputs, inputs], bytes: start..<start + size, layout: layout))
            if name.contains("embed_tokens") || name == "model.shared" || name == "lm_head" {
                continue
            }
            if let bias {
                let size = outputs * bias.elementType.byteCount
                let start = bias.bytes.lowerBound + index * size
                entries.append(
                    Weights.Entry(
                        name: name + ".bias", elementType: bias.elementType, shape: [outputs],
                        bytes: start..<start + size))
            } else if outputs <= Self.mostZeros {
                entries.append(Weights.Entry(zeros: name + ".bias", shape: [outputs]))
            }
        }
    }

    /// What integers are divided by: for each row a number, one for all, or the one that files before the scale was kept imply.
    private mutating func divisors(
        _ name: String, _ weight: CTranslate2File.Variable
    ) throws(CheckpointError) -> Weights.Divisors? {
        guard weight.elementType == .int8 || weight.elementType == .int16 else { return nil }
        let key = name + "_scale"
        guard let scale = variable(key) else {
            if weight.elementType == .int16 { return .one(1_000) }
            throw CheckpointError(
                .tensorMissing, file: opened.name, subject: key, found: "no such variable",
                expected: "what the integers are divided by")
        }
        if scale.elementType == .float32, scale.shape == [weight.shape[0]] {
            return .rows(scale.bytes)
        }
        guard let number = try number(key) else { return nil }
        return .one(Float(number))
    }

    private var positions: Int {
        ["encoder", "decoder"]
            .compactMap {
                peek("\($0)/position_encodings/encodings")?.shape.first
            }
            .min() ?? 1_024
    }

    private mutating func configuration() throws(CheckpointError) -> JSONObject {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        let isLearned = try common("position_encodings") {
            (model, stack) throws(CheckpointError) in
            model.peek("\(stack)/position_encodings/encodings") != nil
        }
        let activation = try common("activation") { (model, stack) throws(CheckpointError) in
            try model.activation(stack)
        }
        let scales = try common("scale_embeddings") { (model, stack) throws(CheckpointError) in
            try model.scales(stack)
        }
        let isBefore = try common("pre_norm") { (model, stack) throws(CheckpointError) in
            try model.flag(stack, "pre_norm", default: true)
        }
        let hasEnds = try common("layer_norm") { (model, stack) throws(CheckpointError) in
            model.peek("\(stack)/layer_norm/gamma") != nil
        }
        let normalizesEmbeddings = try common("layernorm_embedding") {
            (model, stack) throws(CheckpointError) in
            model.peek("\(stack)/layernorm_embedding/gamma") != nil
        }
        let startsFromZero = try self.number("decoder/start_from_zero_embedding") == 1
        let ids = try vocabularies.ids(startsFromZero: startsFromZero)
        let source = peek("\(encoderEmbedding)/weight")?.shape.first ?? 0
        let target = peek("decoder/projection/weight")?.shape.first ?? 0
        var members: [JSONObject.Member] = [
            .init("model_type", .string("marian")), .init("d_model", number(width)),
        ]
        for stack in ["encoder", "decoder"] {
            members += [
                .init("\(stack)_layers", number(layers(stack))),
                .init("\(stack)_attention_heads", number(try heads(stack))),
                .init("\(stack)_ffn_dim", number(inner(stack))),
            ]
        }
        members += [
            .init("activation_function", .string(activation)),
            .init("vocab_size", number(source)), .init("decoder_vocab_size", number(target)),
            .init("max_position_embeddings", number(positions)),
            .init("scale_embedding", .bool(scales)),
            .init("share_encoder_decoder_embeddings", .bool(sharesEmbeddings)),
            .init("tie_word_embeddings", .bool(tiesProjection)),
            .init("eos_token_id", number(ids.endOfSentence)),
            .init("has_pad", .bool(false)),
            .init("normalize_before", .bool(isBefore)),
            .init("normalize_embedding", .bool(normalizesEmbeddings)),
            .init("add_final_layer_norm", .bool(hasEnds)),
            .init("layer_norm_epsilon", .number(vocabularies.epsilon)),
            .init("position_encoding", .string(isLearned ? "learned" : "marian")),
            .init("position_offset", number(isLearned ? 0 : 1)),
            .init(
                "logit_bias",
                .bool(peek("decoder/projection/bias") != nil)),
        ]
        members.append(
            ids.start.map { .init("decoder_start_token_id", number($0)) }
                ?? .init("decoder_start", .string("zero")))
        return JSONObject(members)
    }

    /// Refuses a model with variables that say something which is not computed.
    private mutating func refuseOthers() throws(CheckpointError) {
        let idle: Set<String> = [
            "alignment_layer", "alignment_heads", "embeddings_merge", "with_source_bos",
            "with_source_eos", "with_target_bos",
        ]
        for name in content.names where !used.contains(ExactString(name)) {
            let last = String(name.split(separator: "/").last ?? "")
            if idle.contains(last) { continue }
            // What is off says nothing.
            if peek(name)?.shape.reduce(1, *) == 1,
                try number(name) == 0
            {
                continue
            }
            throw fault(
                name, found: "a variable",
                expected: "a transformer without what this one stands for")
        }
    }
}
