import Checkpoint
import Tensor

/// The classifiers over the target vocabulary, one for each exit: p_n(y | h) = softmax(W_n h + b_n).
struct ExitClassifiers: Sendable {
    /// N entries, all the same matrix where the exits share the model's output projection.
    private let projections: [Projection]

    init(
        _ exits: ParameterReader?, kind: ExitsConfiguration.Classifiers, projection: Projection,
        _ c: ModelConfiguration
    ) throws(CheckpointError) {
        guard kind == .separate else {
            projections = Array(repeating: projection, count: c.decoder.layers)
            return
        }
        guard let exits else {
            throw CheckpointError(
                .fileMissing, file: "exits.safetensors", found: "no such file",
                expected: "the classifiers of \"exit_classifiers\": \"separate\" in exits.json")
        }
        var projections: [Projection] = []
        for n in 0..<c.decoder.layers {
            let classifier = exits.part("classifiers.\(n)")
            projections.append(
                try classifier.packed(
                    "projection", outputs: c.targetVocabularySize, inputs: c.width,
                    isScreened: true
                ) { () throws(CheckpointError) in
                    var bias = try classifier.tensor("bias", c.targetVocabularySize)
                    for id in c.bannedIDs { bias[id] = -.infinity }
                    return (
                        try classifier.tensor("weight", c.targetVocabularySize, c.width), bias
                    )
                })
        }
        self.projections = projections
    }

    /// The classifier after layer `n`, 1 … N.
    subscript(n: Int) -> Projection { projections[n - 1] }

    func holds(_ projection: Projection) -> Bool {
        projections.contains { $0 === projection }
    }

    var byteCount: Int {
        var seen: Set<ObjectIdentifier> = []
        return projections.reduce(0) { sum, projection in
            seen.insert(ObjectIdentifier(projection)).inserted ? sum + projection.byteCount : sum
        }
    }
}

/// The heads that decide where to leave (method.md §3), in fp32 always; each may be absent.
struct ExitHeads: Sendable {
    let sequence: Projection?  // [N, d]
    let tokenMultinomial: Projection?  // [N, d]
    /// N − 1 heads [1, d]: only the one of the layer just run is asked.
    let tokenGeometric: [Projection]?

    init(_ exits: ParameterReader?, layers layerCount: Int, width d: Int) throws(CheckpointError) {
        guard let exits else {
            (sequence, tokenMultinomial, tokenGeometric) = (nil, nil, nil)
            return
        }
        sequence = try Self.head(.sequence, exits, layers: layerCount, width: d)
        tokenMultinomial = try Self.head(.tokenMultinomial, exits, layers: layerCount, width: d)
        tokenGeometric = try Self.geometric(exits, layers: layerCount, width: d)
    }

    private static func head(
        _ head: ExitHead, _ exits: ParameterReader, layers layerCount: Int, width d: Int
    ) throws(CheckpointError) -> Projection? {
        guard let (weight, bias) = try parameters(of: head, exits, layers: layerCount, width: d)
        else { return nil }
        return Projection(
            weight: weight, bias: bias, outputs: bias.count, inputs: d, precision: .float32)
    }

    private static func geometric(
        _ exits: ParameterReader, layers layerCount: Int, width d: Int
    ) throws(CheckpointError) -> [Projection]? {
        guard
            let (weight, bias) = try parameters(
                of: .tokenGeometric, exits, layers: layerCount, width: d)
        else { return nil }
        return bias.indices.map { n in
            Projection(
                weight: Array(weight[n * d..<(n + 1) * d]), bias: [bias[n]], outputs: 1, inputs: d,
                precision: .float32)
        }
    }

    private static func parameters(
        of head: ExitHead, _ exits: ParameterReader, layers layerCount: Int, width d: Int
    ) throws(CheckpointError) -> (weight: [Float], bias: [Float])? {
        let part = exits.part(head.rawValue)
        guard part.holds("weight") else { return nil }
        let outputs = head.outputs(layers: layerCount)
        return (try part.tensor("weight", outputs, d), try part.tensor("bias", outputs))
    }

    /// Refuses a default policy that cannot be asked: nobody would learn that another one is used.
    func require(_ policy: ExitPolicy) throws(CheckpointError) {
        guard let head = policy.head, !available.contains(head) else { return }
        throw CheckpointError(
            .tensorMissing, file: "exits.safetensors", subject: head.weightName,
            found: "no such tensor", expected: "the head of \"default_policy\" in exits.json")
    }

    var available: Set<ExitHead> {
        var heads: Set<ExitHead> = []
        if sequence != nil { heads.insert(.sequence) }
        if tokenMultinomial != nil { heads.insert(.tokenMultinomial) }
        if tokenGeometric != nil { heads.insert(.tokenGeometric) }
        return heads
    }
}

extension TranslationModel {
    /// The depth that the sequence head gives a sentence: argmax softmax(W · mean(states) + b), the
    /// lowest layer among equals (method.md §3).
    ///
    /// - Parameter state: the sentence, which is charged the 2 N d operations of the head.
    /// - Returns: a layer 1 … N, or nil where the checkpoint has no such head.
    public func sequenceDepth(of state: DecoderState) -> Int? {
        guard let head = heads.sequence else { return nil }
        let states = state.source
        let mean = Matrix(rows: 1, columns: states.columns)
        for column in 0..<states.columns {
            var sum: Float = 0
            for row in 0..<states.rows { sum += states[row, column] }
            mean[0, column] = sum / Float(states.rows)
        }
        let logits = Matrix(rows: 1, columns: head.outputs)
        let input = ProjectionInput(columns: states.columns, precision: .float32)
        input.set(mean, rows: 1)
        head.apply(input, into: logits)
        state.operations.executed += 2 * head.outputs * states.columns
        return lowestArgmax(logits, row: 0, count: head.outputs) + 1
    }
}

/// The lowest index of the greatest of the first `count` values of a row.
func lowestArgmax(_ matrix: Matrix, row: Int, count: Int) -> Int {
    var best = 0
    for index in 1..<max(count, 1) where matrix[row, index] > matrix[row, best] { best = index }
    return best
}
