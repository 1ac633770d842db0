import Checkpoint
public import Tensor

/// All that decoding one sentence keeps: its encoder states, the keys and values of its source, and
/// the positions that its live hypotheses still need.
///
/// A hypothesis is named by the node of its last position (see `PositionStore`). Belongs to the worker
/// of the `DecoderStep` that it was made for; when it is let go, its memory serves other sentences.
public final class DecoderState {
    /// Encoder states [S, d].
    public let source: Matrix
    /// Work done so far, counted as method.md §4 counts it.
    public internal(set) var operations = OperationCount()

    /// For each layer that a position has reached: keys and values of the source, [S, 2d].
    var crossKeyValues: [KeyValueRows?]
    /// The ids that its tokens are chosen from; nil: all.
    let candidates: CandidateClassifiers?
    let positions: PositionStore
    private var leaves: [Int32] = []

    /// Starts a sentence.
    ///
    /// - Parameters:
    ///   - source: its encoder states [S, d].
    ///   - candidates: the ids that its tokens are chosen from, ascending; empty: all.
    ///   - step: what will run its rows.
    public init(source: Matrix, candidates: [Int] = [], in step: DecoderStep) {
        self.source = source
        self.candidates =
            candidates.isEmpty ? nil : CandidateClassifiers(candidates, of: step.model.classifiers)
        positions = step.positions
        crossKeyValues = Array(repeating: nil, count: step.layerRows.count)
    }

    deinit {
        for leaf in leaves { positions.release(leaf) }
        for case let rows? in crossKeyValues { positions.giveBack(rows) }
    }

    /// Adds a position.
    ///
    /// - Parameter node: the position before it; nil for a first one.
    /// - Returns: the new node, live until it is released.
    public func append(after node: Int32?) -> Int32 {
        let leaf = positions.append(after: node)
        leaves.append(leaf)
        return leaf
    }

    /// Adds positions that are known, one behind the other.
    ///
    /// - Parameters:
    ///   - inputs: what each feeds in; nil: its position alone.
    ///   - node: the position before the first of them; nil: there is none.
    ///   - isCertain: as in `DecoderRow`.
    /// - Returns: a row for each, all of which may be in one step; their nodes are live until they are released.
    public func append(
        feeding inputs: some Sequence<Int?>, after node: Int32? = nil, isCertain: Bool = true
    ) -> [DecoderRow] {
        var last = node
        return inputs.map { input in
            let next = append(after: last)
            last = next
            return DecoderRow(state: self, token: input, node: next, isCertain: isCertain)
        }
    }

    /// Says that no hypothesis ends in `node` any more.
    ///
    /// - Precondition: `node` came from `append` and was not released before.
    public func release(_ node: Int32) {
        guard let index = leaves.firstIndex(of: node) else {
            preconditionFailure("the node is not live")
        }
        leaves.swapAt(index, leaves.count - 1)
        leaves.removeLast()
        positions.release(node)
    }
}

/// Operations of the decoder, 2·d_in·d_out a linear map (method.md §4).
public struct OperationCount: Sendable, Equatable {
    /// Operations that were executed, classifiers and heads included.
    public var executed = 0
    /// Operations of the same steps at full depth with one classifier each.
    public var fullDepth = 0

    /// Those executed as a share of full depth's.
    public var share: Double { Double(executed) / Double(max(fullDepth, 1)) }

    /// Nothing counted yet.
    public init() {}

    /// The sum of two counts.
    public static func + (a: OperationCount, b: OperationCount) -> OperationCount {
        var sum = a
        sum.executed += b.executed
        sum.fullDepth += b.fullDepth
        return sum
    }
}
