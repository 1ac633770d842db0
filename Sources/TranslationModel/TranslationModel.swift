public import Checkpoint
import System
public import Tensor

/// A trained encoder-decoder with an exit after every decoder layer: immutable weights, shared by all
/// workers.
///
/// The notation of method.md: d is the model width, N the number of decoder layers, V the size of the
/// target vocabulary, S the number of source positions, t the number of target positions.
public final class TranslationModel: Sendable {
    /// What config.json says of the network.
    public let configuration: ModelConfiguration
    /// Of its matrix products.
    public let precision: Precision

    let sourceEmbedding: Projection  // model.encoder.embed_tokens or model.shared [V_source, d]
    let encoderLayers: [EncoderLayer]
    let targetEmbedding: Projection  // model.decoder.embed_tokens or model.shared [V, d]
    let decoderLayers: [DecoderLayer]
    let classifiers: ExitClassifiers
    let adapters: ExitAdapters
    let heads: ExitHeads
    /// What `speculative` drafts with in this decoder; nil: nothing does.
    let draftHead: DraftHead?
    /// The side branch: a shallow decoder over the same embeddings, encoder states and classifier (method.md §1); nil where the checkpoint
    /// has none.
    public let branch: TranslationModel?
    /// N of the network; of a side branch that of the network beside it.
    let fullDepthLayerCount: Int
    let encoderEnds: StackEnds
    let decoderEnds: StackEnds
    /// For each exit and each layer up to it whether a head takes part in alignments.
    let alignmentHeads: [[[Bool]]]
    private let crossOutputs = Lock<[Linear]?>(nil)
    let instructionSet: InstructionSet
    /// The projections that a pack is made of, under the names that it has for them; none where all come from one.
    let packed: [(owner: String, projection: Projection)]
    /// Bytes of packed weights that are mapped from a pack: other processes may share them.
    public let mappedByteCount: Int
    /// What lives as long as the network.
    private let companion: (any AnyObject & Sendable)?

    /// Reads the network of a checkpoint, in the order in which data flows through it.
    ///
    /// - Parameters:
    ///   - checkpoint: an opened checkpoint; its weights are not read again afterwards.
    ///   - precision: of the matrix products, embeddings included; exit heads are fp32 always.
    ///   - instructionSet: the variant of the kernels for these products.
    ///   - pack: of this checkpoint, precision and instruction set: what it has is taken from there and not read.
    ///   - companion: something that is to live as long as the network.
    /// - Throws: `CheckpointError` that names the tensor which is missing, has another shape, a type
    ///   that cannot be used, or a value that is not finite.
    public init(
        _ checkpoint: Checkpoint, precision: Precision = .float32,
        instructionSet: InstructionSet = .best, pack: NetworkPack? = nil,
        keeping companion: (any AnyObject & Sendable)? = nil
    ) throws(CheckpointError) {
        self.companion = companion
        let c = checkpoint.configuration
        let d = c.width
        configuration = c
        self.precision = precision
        self.instructionSet = instructionSet
        let projections = ProjectionSource(pack)
        let root = ParameterReader(
            checkpoint.weights, precision: precision, instructionSet: instructionSet, projections)
        let embeddings = try Embeddings(root, c)
        let positions = PositionTable(c)
        sourceEmbedding = embeddings.source
        encoderEnds = try StackEnds(root.part("model.encoder"), c, shared: positions)
        encoderLayers = try Self.layers(root.part("model.encoder.layers"), c.encoder.layers, c) {
            reader throws(CheckpointError) in try EncoderLayer(reader, c)
        }
        targetEmbedding = embeddings.target
        decoderEnds = try StackEnds(root.part("model.decoder"), c, shared: positions)
        decoderLayers = try Self.layers(root.part("model.decoder.layers"), c.decoder.layers, c) {
            reader throws(CheckpointError) in try DecoderLayer(reader, c)
        }
        let exits = checkpoint.exitHeads.map {
            ParameterReader(
                $0, prefix: "exits.", precision: precision, instructionSet: instructionSet,
                projections)
        }
        classifiers = try ExitClassifiers(
            exits, kind: checkpoint.exits.classifiers, projection: embeddings.projection, c)
        adapters = try ExitAdapters(exits, c)
        heads = try ExitHeads(exits, layers: c.decoder.layers, width: d)
        try heads.require(checkpoint.exits.defaultPolicy)
        alignmentHeads = Self.alignmentHeads(checkpoint.exits.alignmentHeads, c)
        fullDepthLayerCount = c.decoder.layers
        let layers = try SideBranchLayers(exits, c)
        let drafting = checkpoint.exits.drafting
        if drafting?.exit == SideBranchLayers.exit, layers == nil { throw SideBranchLayers.missing }
        draftHead = drafting.flatMap { [classifiers] in DraftHead($0, classifiers) }
        if let layers {
            let last = classifiers[c.decoder.layers]
            branch = try TranslationModel(
                layers, embeddings, (encoderLayers, encoderEnds), decoderEnds, last,
                drafting.flatMap { DraftHead($0, ofBranch: layers.layers.count, last) },
                root, c)
        } else {
            branch = nil
        }
        packed = projections.unpacked
        mappedByteCount = projections.mappedBytes
    }

    /// A side branch: its own layers between what the network has before and behind the decoder's.
    private init(
        _ own: SideBranchLayers, _ embeddings: Embeddings,
        _ encoder: (layers: [EncoderLayer], ends: StackEnds), _ ends: StackEnds,
        _ classifier: Projection, _ drafts: DraftHead?, _ root: ParameterReader,
        _ network: ModelConfiguration
    ) throws(CheckpointError) {
        let c = network.withDecoderLayers(own.layers.count)
        configuration = c
        precision = root.precision
        instructionSet = root.instructionSet
        sourceEmbedding = embeddings.source
        (encoderLayers, encoderEnds) = encoder
        targetEmbedding = embeddings.target
        decoderEnds = ends.ending(with: own.norm)
        decoderLayers = own.layers
        classifiers = try ExitClassifiers(nil, kind: .shared, projection: classifier, c)
        adapters = try ExitAdapters(nil, c)
        heads = try ExitHeads(nil, layers: c.decoder.layers, width: c.width)
        draftHead = drafts
        branch = nil
        fullDepthLayerCount = network.decoder.layers
        alignmentHeads = Self.alignmentHeads(nil, c)
        packed = []
        mappedByteCount = 0
        companion = nil
    }

    private static func alignmentHeads(
        _ chosen: [[AlignmentHead]]?, _ c: ModelConfiguration
    ) -> [[[Bool]]] {
        (1...c.decoder.layers).map { exit in
            (1...exit).map { layer in
                (1...c.decoder.heads).map { head in
                    chosen?[exit - 1].contains(AlignmentHead(layer: layer, head: head)) ?? true
                }
            }
        }
    }

    /// The layers of a stack; with `shared_layers` the one stored layer, repeated.
    private static func layers<Layer>(
        _ reader: ParameterReader, _ count: Int, _ c: ModelConfiguration,
        _ make: (ParameterReader) throws(CheckpointError) -> Layer
    ) throws(CheckpointError) -> [Layer] {
        if c.sharesLayers {
            return Array(repeating: try make(reader.part("0")), count: count)
        }
        var layers: [Layer] = []
        for index in 0..<count { layers.append(try make(reader.part(String(index)))) }
        return layers
    }

    /// N, the number of decoder layers and of exits.
    public var decoderLayerCount: Int { decoderLayers.count }

    /// Heads of each decoder layer's cross-attention.
    public var attentionHeads: Int { configuration.decoder.heads }

    /// V, the number of target ids.
    public var vocabularySize: Int { configuration.targetVocabularySize }

    /// For each layer the output projection of its cross-attention, transposed, [d, d] in fp32.
    ///
    /// Only alignments need them: they are made when they are first asked for and then shared by all workers.
    var transposedCrossOutputs: [Linear] {
        crossOutputs.withLock { made in
            if let made { return made }
            let new = decoderLayers.map { $0.crossOutput.transposed(inputs: configuration.width) }
            made = new
            return new
        }
    }

    /// Whether the products of a single position are large enough for several threads: those of a small
    /// model take less time than telling another thread of them.
    var isWide: Bool {
        let bytes = precision.isQuantized ? 1 : 4
        return configuration.width * configuration.width * bytes >= 128 << 10
    }

    /// Policies that the checkpoint has heads for.
    public var availableHeads: Set<ExitHead> { heads.available }

    /// About the bytes that a checkpoint's network will have packed, by the shapes of its tensors.
    ///
    /// - Parameters:
    ///   - checkpoint: of which no tensor is read.
    ///   - precision: of the matrix products.
    /// - Returns: no less than `byteCount` will be; a few hundredths and a quarter of a MiB more.
    public static func estimatedByteCount(_ checkpoint: Checkpoint, precision: Precision) -> Int {
        let entries = checkpoint.weights.entries + (checkpoint.exitHeads?.entries ?? [])
        let isQuantized = precision.isQuantized
        func padded(_ count: Int, _ step: Int) -> Int { (count + step - 1) / step * step }
        let tensors = entries.reduce(0) { sum, entry in
            guard entry.shape.count > 1 else { return sum + 4 * (entry.shape.first ?? 1) }
            let (rows, columns) = (entry.shape[0], entry.shape[1...].reduce(1, *))
            guard isQuantized else { return sum + 4 * padded(rows, 16) * columns }
            // A scale, an offset and a bias of each row beside its weights.
            return sum + padded(rows, 32) * (padded(columns, 64) + 12)
        }
        let c = checkpoint.configuration
        // The bounds by half of the weights, of each matrix over the target vocabulary.
        let classifiers = checkpoint.exits.classifiers == .separate ? c.decoder.layers : 1
        let plane = isQuantized ? padded(c.targetVocabularySize, 32) * (c.width / 2 + 8) : 0
        let positions = 4 * c.width * c.maximumPositions
        return tensors + tensors / 64 + classifiers * plane + positions + padding
    }

    /// What small matrices take beyond their numbers, at most.
    private static let padding = 256 << 10

    /// Bytes of packed weights that all workers share.
    public var byteCount: Int {
        let embeddings = Set([sourceEmbedding, targetEmbedding].map { ObjectIdentifier($0) }).count
        let stacks =
            configuration.sharesLayers
            ? (encoderLayers.first?.byteCount ?? 0) + (decoderLayers.first?.byteCount ?? 0)
            : encoderLayers.reduce(0) { $0 + $1.byteCount }
                + decoderLayers.reduce(0) { $0 + $1.byteCount }
        let tables = [encoderEnds.positions.matrix, decoderEnds.positions.matrix]
        let positions = tables[0] === tables[1] ? [tables[0]] : tables
        return stacks + classifiers.byteCount + positions.reduce(0) { $0 + $1.byteCount }
            + (embeddings == 2 ? sourceEmbedding.byteCount : 0)
            + (classifiers.holds(targetEmbedding) ? 0 : targetEmbedding.byteCount)
            + adapters.byteCount + (draftHead?.ownByteCount ?? 0) + (branch?.branchByteCount ?? 0)
    }

    /// Bytes of a side branch beside the network.
    private var branchByteCount: Int {
        decoderLayers.reduce(draftHead?.ownByteCount ?? 0) { $0 + $1.byteCount }
    }
}

/// The three matrices over vocabularies, each packed once even where they are the same one.
private struct Embeddings {
    let source: Projection
    let target: Projection
    let projection: Projection

    init(_ root: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        let d = c.width
        let vocabularySize = c.targetVocabularySize
        let encoderName = Self.embeddingName("encoder", root, c)
        let decoderName = Self.embeddingName("decoder", root, c)
        let projectionName = c.tiesProjection ? decoderName : "lm_head.weight"
        projection = try root.packed(
            "projection", outputs: vocabularySize, inputs: d, isScreened: true
        ) { () throws(CheckpointError) in
            var bias =
                c.architecture.hasLogitBias
                ? try root.tensor("final_logits_bias", 1, vocabularySize)
                : [Float](repeating: 0, count: vocabularySize)
            // A banned id has −∞ before normalisation (checkpoint-format.md): the bias carries it.
            for id in c.bannedIDs { bias[id] = -.infinity }
            return (try root.tensor(projectionName, vocabularySize, d), bias)
        }
        target =
            decoderName == projectionName
            ? projection
            : try Self.table("target", decoderName, [vocabularySize, d], root)
        source =
            encoderName == decoderName
            ? target : try Self.table("source", encoderName, [c.sourceVocabularySize, d], root)
    }

    /// Embeddings that are no output matrix.
    private static func table(
        _ name: String, _ tensor: String, _ shape: [Int], _ root: ParameterReader
    ) throws(CheckpointError) -> Projection {
        try root.packed(name, outputs: shape[0], inputs: shape[1], hasBias: false) {
            () throws(CheckpointError) in (try root.tensor(tensor, shape[0], shape[1]), nil)
        }
    }

    /// The tensor of a stack's embedding, by the configuration and not by what happens to be in the file.
    ///
    /// Shared and tied, all three are one matrix: `model.shared.weight`, or a stack's name, of which a file
    /// that keeps each matrix once may have kept the only one. Shared and not tied, nothing is tied in
    /// transformers either: a stack has its own where there is one, else `model.shared.weight`. Not shared,
    /// each stack must have its own.
    private static func embeddingName(
        _ stack: String, _ root: ParameterReader, _ c: ModelConfiguration
    ) -> String {
        let own = "model.\(stack).embed_tokens.weight"
        guard c.sharesEmbeddings else { return own }
        let shared = "model.shared.weight"
        let names =
            c.tiesProjection
            ? [shared, "model.decoder.embed_tokens.weight", "model.encoder.embed_tokens.weight"]
            : [own, shared]
        return names.first(where: root.holds) ?? shared
    }
}
