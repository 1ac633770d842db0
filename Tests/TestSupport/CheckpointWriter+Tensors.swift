public import JSON

/// A safetensors file in the making.
public struct TensorFile: Sendable {
    /// The types that weights can be stored in.
    public enum ElementType: String, Sendable, CaseIterable {
        /// IEEE 754 binary32.
        case float32 = "F32"
        /// IEEE 754 binary16, rounded to nearest.
        case float16 = "F16"
        /// The upper half of binary32, rounded to nearest even.
        case bfloat16 = "BF16"
    }

    /// One tensor, little-endian as it is stored.
    public struct Tensor: Sendable {
        /// Its name.
        public var name: String
        /// The header's dtype.
        public var elementType: String
        /// Its dimensions.
        public var shape: [Int]
        /// Its data.
        public var data: [UInt8]

        /// Takes everything as it is, right or wrong.
        public init(name: String, elementType: String, shape: [Int], data: [UInt8]) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
            self.data = data
        }
    }

    /// The tensors in the order of header and data.
    public var tensors: [Tensor] = []

    /// An empty file.
    public init() {}

    /// Appends values, rounded to an element type.
    public mutating func append(
        _ name: String, _ shape: [Int], _ values: [Float], _ type: ElementType = .float32
    ) {
        let data = values.flatMap { value -> [UInt8] in
            switch type {
            case .float32: Self.littleEndian(value.bitPattern)
            case .float16: Self.littleEndian(Float16(value).bitPattern)
            case .bfloat16:
                Self.littleEndian(
                    UInt16(
                        truncatingIfNeeded: (value.bitPattern + 0x7FFF
                            + (value.bitPattern >> 16 & 1)) >> 16))
            }
        }
        tensors.append(.init(name: name, elementType: type.rawValue, shape: shape, data: data))
    }

    /// The header as the tensors ask for it.
    public var header: JSONObject {
        var offset = 0
        return JSONObject(
            tensors.map { tensor in
                let end = offset + tensor.data.count
                defer { offset = end }
                return .init(
                    tensor.name,
                    .object(
                        JSONObject([
                            .init("dtype", .string(tensor.elementType)),
                            .init("shape", .array(tensor.shape.map { .integer(Int64($0)) })),
                            .init(
                                "data_offsets",
                                .array([.integer(Int64(offset)), .integer(Int64(end))])),
                        ])))
            })
    }

    /// The whole file.
    public var bytes: [UInt8] { bytes(header: JSON.serialize(.object(header))) }

    /// The whole file with another header, padded by spaces to a multiple of eight.
    public func bytes(header: [UInt8]) -> [UInt8] {
        let padding = (8 - header.count % 8) % 8
        var file = Self.littleEndian(UInt64(header.count + padding))
        file += header
        file += repeatElement(UInt8(ascii: " "), count: padding)
        for tensor in tensors { file += tensor.data }
        return file
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

/// Names, shapes and random values of a Marian checkpoint's tensors.
struct CheckpointWeights {
    private let options: CheckpointWriter.Options
    private var random: SeededGenerator

    init(_ options: CheckpointWriter.Options) {
        self.options = options
        random = SeededGenerator(seed: options.seed)
    }

    mutating func model() -> TensorFile {
        var file = TensorFile()
        let embedding = [options.vocabularySize, options.width]
        if options.separateVocabularies {
            append("model.encoder.embed_tokens.weight", embedding, to: &file)
            append("model.decoder.embed_tokens.weight", embedding, to: &file)
        } else {
            append("model.shared.weight", embedding, to: &file)
        }
        if options.separateProjection { append("lm_head.weight", embedding, to: &file) }
        append("final_logits_bias", [1, options.vocabularySize], to: &file)
        appendStack(
            "encoder", layers: options.encoderLayers, feedForward: options.encoderFeedForward,
            attentions: ["self_attn"], to: &file)
        appendStack(
            "decoder", layers: options.decoderLayers, feedForward: options.decoderFeedForward,
            attentions: ["self_attn", "encoder_attn"], to: &file)
        return file
    }

    mutating func exitHeads(model: TensorFile) -> TensorFile {
        let exits = options.decoderLayers
        var file = TensorFile()
        for (name, count) in [
            ("sequence", exits), ("token_multinomial", exits), ("token_geometric", exits - 1),
        ] {
            appendFloat32("exits.\(name).weight", [count, options.width], to: &file)
            appendFloat32("exits.\(name).bias", [count], to: &file)
        }
        guard options.separateClassifiers else { return file }
        for index in 0..<exits - 1 {
            let name = "exits.classifiers.\(index)"
            appendFloat32("\(name).weight", [options.vocabularySize, options.width], to: &file)
            appendFloat32("\(name).bias", [options.vocabularySize], to: &file)
        }
        appendOwnClassifier(of: model, index: exits - 1, to: &file)
        return file
    }

    /// The last classifier is the model's own, so that full depth is the same with and without.
    private func appendOwnClassifier(of model: TensorFile, index: Int, to file: inout TensorFile) {
        let projections = [
            "lm_head.weight", "model.decoder.embed_tokens.weight", "model.shared.weight",
        ]
        let weight = projections.lazy.compactMap { name in
            model.tensors.first { $0.name == name }
        }.first
        let bias = model.tensors.first { $0.name == "final_logits_bias" }
        for (kind, tensor) in [("weight", weight), ("bias", bias)] {
            guard var tensor else { continue }
            tensor.name = "exits.classifiers.\(index).\(kind)"
            if kind == "bias" { tensor.shape = [options.vocabularySize] }
            file.tensors.append(tensor)
        }
    }

    private mutating func appendStack(
        _ stack: String, layers: Int, feedForward: Int, attentions: [String],
        to file: inout TensorFile
    ) {
        for layer in 0..<(options.sharedLayers ? 1 : layers) {
            let prefix = "model.\(stack).layers.\(layer)"
            for attention in attentions {
                for projection in ["q", "k", "v", "out"] {
                    let name = "\(prefix).\(attention).\(projection)_proj"
                    appendLinear(name, options.width, options.width, to: &file)
                }
                appendNorm("\(prefix).\(attention)_layer_norm", to: &file)
            }
            appendLinear("\(prefix).fc1", feedForward, options.width, to: &file)
            appendLinear("\(prefix).fc2", options.width, feedForward, to: &file)
            appendNorm("\(prefix).final_layer_norm", to: &file)
        }
    }

    private mutating func appendLinear(
        _ name: String, _ outputs: Int, _ inputs: Int, to file: inout TensorFile
    ) {
        append("\(name).weight", [outputs, inputs], to: &file)
        append("\(name).bias", [outputs], to: &file)
    }

    private mutating func appendNorm(_ name: String, to file: inout TensorFile) {
        append("\(name).weight", [options.width], around: 1, to: &file)
        append("\(name).bias", [options.width], to: &file)
    }

    private mutating func append(
        _ name: String, _ shape: [Int], around center: Float = 0, to file: inout TensorFile
    ) {
        let values = values(shape).map { $0 + center }
        file.append(name, shape, values, options.elementType)
    }

    private mutating func appendFloat32(_ name: String, _ shape: [Int], to file: inout TensorFile) {
        file.append(name, shape, values(shape))
    }

    private mutating func values(_ shape: [Int]) -> [Float] {
        (0..<shape.reduce(1, *)).map { _ in
            // 24 random bits: the same floats whatever the standard library's generators do.
            let unit = Float(random.next() >> 40) * 0x1p-24
            return (2 * unit - 1) * options.scale
        }
    }
}
