import Checkpoint
public import Tensor

/// What makes the state of a lower exit one that the last exit's classifier can read: g_n(h) = LN(A_n h + c_n) (method.md §1).
///
/// The network stays as it is, so that full depth is the same to the bit with and without. In a network that ends with a normalisation
/// the adapter's own stands in its place.
struct ExitAdapter: Sendable {
    let map: Projection  // exits.adapters.{n-1}.{weight,bias} [d, d]
    let norm: LayerNorm  // exits.adapters.{n-1}.norm.{weight,bias} [d]
}

/// The adapters of the exits below the last, each of which may be absent.
struct ExitAdapters: Sendable {
    private static let prefix = "adapters."
    private static let names = ["weight", "bias", "norm.weight", "norm.bias"]

    /// N − 1 entries.
    private let adapters: [ExitAdapter?]

    init(_ exits: ParameterReader?, _ c: ModelConfiguration) throws(CheckpointError) {
        let lower = c.decoder.layers - 1
        guard let exits else {
            adapters = Array(repeating: nil, count: lower)
            return
        }
        try Self.refuseOthers(exits, lower: lower)
        var adapters: [ExitAdapter?] = []
        for index in 0..<lower {
            let part = exits.part("\(Self.prefix)\(index)")
            guard Self.names.contains(where: part.holds) else {
                adapters.append(nil)
                continue
            }
            let d = c.width
            let map = try part.packed("map", outputs: d, inputs: d) {
                () throws(CheckpointError) in
                (try part.tensor("weight", d, d), try part.tensor("bias", d))
            }
            adapters.append(ExitAdapter(map: map, norm: try part.layerNorm("norm", c)))
        }
        self.adapters = adapters
    }

    /// Refuses tensors that belong to no exit below the last: they would be read by nobody.
    private static func refuseOthers(
        _ exits: ParameterReader, lower: Int
    ) throws(CheckpointError) {
        let start = exits.prefix + prefix
        let known = Set((0..<lower).flatMap { index in names.map { "\(start)\(index).\($0)" } })
        for entry in exits.weights.entries
        where entry.name.hasPrefix(start) && !known.contains(entry.name) {
            let expected =
                lower == 0
                ? "none: the decoder has one layer"
                : "\(start)0 to \(start)\(lower - 1), each with \(names.joined(separator: ", "))"
            throw CheckpointError(
                .unsupportedValue, file: exits.weights.file, subject: entry.name,
                found: "a tensor of no exit below the last", expected: expected)
        }
    }

    /// The adapter after layer `n`, 1 … N; nil where the classifier reads the state itself.
    subscript(n: Int) -> ExitAdapter? { n <= adapters.count ? adapters[n - 1] : nil }

    /// Whether any exit has one.
    var isEmpty: Bool { adapters.allSatisfy { $0 == nil } }

    /// Bytes of the weights after layer `n`.
    func byteCount(after n: Int) -> Int { self[n]?.map.weightByteCount ?? 0 }

    /// Bytes of all of them.
    var byteCount: Int { adapters.reduce(0) { $0 + ($1?.map.byteCount ?? 0) } }
}

extension TranslationModel {
    /// The exits below the last that have adapters, 1 … N − 1, ascending.
    public var adaptedExits: [Int] {
        (1..<max(decoderLayerCount, 1)).filter { adapters[$0] != nil }
    }
}

/// What adapters are fitted to (method.md §1).
extension TranslationModel {
    /// The classifier of the last exit, [V, d] in the model's precision.
    public var lastClassifier: Projection { classifiers[decoderLayerCount] }

    /// Makes states what the last exit's classifier and all heads read: normalised where the stack ends with a normalisation.
    ///
    /// - Parameter states: h of any layer, [rows, d], changed in place.
    public func normalizeEnds(of states: Matrix) {
        decoderEnds.norm?.apply(states, rows: 0..<states.rows, into: states)
    }
}

/// What adapters made of a step's rows since the latest layer: each row is adapted once, whoever asks.
///
/// Belongs to one worker.
final class AdaptedStates {
    /// g_n(h) of the rows that were asked about, at their offsets, [m, d].
    let states: Matrix
    let input: ProjectionInput  // [asked rows, d]
    private let product: Matrix  // [asked rows, d]
    private var isKnown: [Bool] = []
    private var missing: [Int] = []

    init(for model: TranslationModel) {
        let d = model.configuration.width
        states = Matrix(rows: 0, columns: d)
        product = Matrix(rows: 0, columns: d)
        input = ProjectionInput(columns: d, precision: model.precision)
    }

    /// Forgets what it knew: a layer was run on so many rows.
    func begin(rows: Int) {
        isKnown.removeAll(keepingCapacity: true)
        isKnown.append(contentsOf: repeatElement(false, count: rows))
        states.resize(rows: rows)
    }

    /// Adapts the rows that were not asked about before.
    ///
    /// - Parameters:
    ///   - hidden: h of all rows.
    ///   - offsets: rows of it.
    ///   - adapter: that of the layer run last.
    /// - Returns: those of the offsets that cost something.
    func adapt(_ hidden: Matrix, _ offsets: [Int], _ adapter: ExitAdapter) -> [Int] {
        missing.removeAll(keepingCapacity: true)
        for offset in offsets where !isKnown[offset] {
            isKnown[offset] = true
            missing.append(offset)
        }
        guard !missing.isEmpty else { return missing }
        product.resize(rows: missing.count)
        input.set(hidden, selecting: missing)
        adapter.map.apply(input, into: product)
        adapter.norm.apply(product, rows: 0..<missing.count, into: product)
        for (row, offset) in missing.enumerated() {
            states.copyRow(offset, from: product, sourceRow: row)
        }
        return missing
    }
}
