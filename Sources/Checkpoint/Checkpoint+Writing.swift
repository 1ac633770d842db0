import Digest
import JSON
import System

extension Checkpoint {
    /// Writes the checkpoint anew as one directory in the canonical form: its small files byte for byte, or what another format says in
    /// their place, its weights, in whatever format they were, as `model.safetensors`, exits as they are.
    ///
    /// Nobody ever sees a part of it. Takes memory for the largest tensor.
    ///
    /// - Parameters:
    ///   - directory: made, or replaced as a whole; files in it that are not a checkpoint's stay.
    ///   - elementType: what matrices are stored as, F32, F16 or BF16; nil, and for vectors always: as they are, integers as integers.
    ///   - decoderLayers: n, of the decoder's N layers the first that are kept, 1 … N − 1: a network without exits whose full depth is what
    ///     exit n of this one gives; nil: all of them, and the exits.
    /// - Throws: `fileUnwritable`; `fileChanged` where a file is not what was read; `notFinite` for a weight that the type has no
    ///   room for; `outOfRange` and `unsupportedValue` for layers that cannot be a network of their own; what reading a tensor throws.
    public func write(
        to directory: String, elementType: ElementType? = nil, decoderLayers: Int? = nil
    ) throws(CheckpointError) {
        if let decoderLayers { try requireStatic(decoderLayers) }
        var output = try CheckpointError.converting { () throws(FileError) in
            try AtomicDirectory(replacing: directory, files: Self.fileNames)
        }
        for (name, bytes) in try smallFiles(decoderLayers) {
            try CheckpointError.converting { () throws(FileError) in
                try AtomicFile.write(bytes, to: "\(output.path)/\(name)")
            }
        }
        try SafetensorsWriter.write(
            try tensors(of: weights, as: elementType, decoderLayers), metadata: ["format": "pt"],
            to: "model.safetensors", in: output.path)
        if let exitHeads, decoderLayers == nil {
            try SafetensorsWriter.write(
                try tensors(of: exitHeads, as: nil), metadata: exitHeads.metadata,
                to: Self.exitHeadsFile, in: output.path)
        }
        try CheckpointError.converting { () throws(FileError) in try output.commit() }
    }

    /// Makes sure that what an exit gives needs nothing but the layers below it and the last classifier.
    private func requireStatic(_ layers: Int) throws(CheckpointError) {
        guard (1..<configuration.decoder.layers).contains(layers) else {
            throw CheckpointError(
                .outOfRange, file: "config.json", subject: "decoder_layers", found: "\(layers)",
                expected: "1 to \(configuration.decoder.layers - 1), fewer than the decoder has")
        }
        for kind in ["classifiers", "adapters"] {
            let name = "exits.\(kind).\(layers - 1).weight"
            guard exitHeads?.contains(name) == true else { continue }
            throw CheckpointError(
                .unsupportedValue, file: Self.exitHeadsFile, subject: name,
                found: "a matrix that exit \(layers) has for itself",
                expected: "an exit that shares the last one's classifier")
        }
    }

    /// The files beside the weights: as they were read, or in the canonical form what another format says.
    private func smallFiles(
        _ decoderLayers: Int?
    ) throws(CheckpointError) -> [(name: String, bytes: [UInt8])] {
        var copied: [(name: String, bytes: [UInt8])] = []
        for file in files
        where Self.fileNames.contains(file.name) || file.name == shortlist?.file {
            guard let digest = file.digest else { continue }
            let bytes = try CheckpointError.converting(file: file.name) { () throws(FileError) in
                try RegularFile.bytes("\(self.directory)/\(file.name)", limit: file.byteCount)
            }
            guard SHA256.digest(bytes) == digest else {
                throw CheckpointError(
                    .fileChanged, file: file.name, found: "other bytes than were read",
                    expected: "a file that nobody writes to")
            }
            let isShortlist = file.name == shortlist?.file
            copied.append((isShortlist ? Self.shortlistFile : file.name, bytes))
        }
        func file(_ object: JSONObject) -> [UInt8] {
            JSON.serialize(.object(object), style: .pretty)
        }
        var settings = settings
        if let decoderLayers {
            copied.removeAll { $0.name == Self.exitsFile || $0.name == "config.json" }
            settings = JSONObject(
                settings.members.map { member in
                    guard member.name == "decoder_layers" else { return member }
                    return .init(member.name, .integer(Int64(decoderLayers)))
                })
            if isCanonical { copied.append(("config.json", file(settings))) }
        }
        guard !isCanonical else { return copied }
        let separate = sourceVocabulary.size != targetVocabulary.size || sourceModel != targetModel
        let written = [
            ("config.json", file(settings)),
            ("tokenizer_config.json", file(tokenizer.object(separateVocabularies: separate))),
            ("vocab.json", file(sourceVocabulary.object)),
            ("source.spm", sourceModel), ("target.spm", targetModel),
        ]
        return written + (separate ? [("target_vocab.json", file(targetVocabulary.object))] : [])
            + copied.filter {
                [
                    Self.exitsFile, Self.shortlistFile, Self.truecaserFile,
                    "generation_config.json",
                ].contains($0.name)
            }
    }

    /// The tensors that a network can be made of, lent one by one.
    private func tensors(
        of weights: Weights, as elementType: ElementType?, _ decoderLayers: Int? = nil
    ) throws(CheckpointError) -> [SafetensorsWriter.Tensor] {
        var tensors: [SafetensorsWriter.Tensor] = []
        for entry in weights.entries
        where entry.isUsable && !isRepeated(entry, in: weights)
            && !Self.isAbove(decoderLayers, entry.name)
        {
            let isMatrix = entry.shape.filter { $0 > 1 }.count > 1
            if let divisors = entry.layout.divisors, elementType == nil {
                tensors += try weights.integers(entry, divisors)
                continue
            }
            let own = entry.elementType.isUsable ? entry.elementType : .float32
            tensors.append(
                SafetensorsWriter.Tensor(
                    name: entry.name, shape: entry.shape,
                    elementType: isMatrix ? elementType ?? own : own
                ) { (body) throws(CheckpointError) in
                    let values = try weights.floats(named: entry.name, shape: entry.shape)
                    try values.withUnsafeBufferPointer(body)
                })
        }
        return tensors
    }

    /// Whether a tensor is of a decoder layer above the first so many.
    private static func isAbove(_ layers: Int?, _ name: String) -> Bool {
        let prefix = "model.decoder.layers."
        guard let layers, name.hasPrefix(prefix),
            let index = Int(name.dropFirst(prefix.count).prefix { $0 != "." })
        else { return false }
        return index >= layers
    }

    /// Whether a tensor is the one embedding under another name, or a table that follows from the configuration.
    private func isRepeated(_ entry: Weights.Entry, in weights: Weights) -> Bool {
        switch entry.name {
        case "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
            "lm_head.weight":
            configuration.sharesEmbeddings && configuration.tiesProjection
                && weights.contains("model.shared.weight")
        case "model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight",
            "model.encoder.embed_positions.weights", "model.decoder.embed_positions.weights":
            if case .learned = configuration.architecture.positions { false } else { true }
        default: false
        }
    }
}
