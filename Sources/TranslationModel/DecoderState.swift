import Checkpoint
public import Tensor

/// All that decoding one sentence keeps: its encoder states and, for every target position that a live
/// hypothesis still needs, the exit state and the keys and values computed so far.
///
/// Positions form a tree: a *node* is one input token at one position after one prefix, and hypotheses
/// that share a prefix share its nodes. A hypothesis is the path of nodes from the first position to its
/// last. Nodes are rows of the matrices below; a row is used again once no live hypothesis reaches it.
///
/// Belongs to one worker at a time.
public final class DecoderState {
    /// Encoder states [S, d].
    public let source: Matrix
    /// Work done so far, counted as method.md §4 counts it.
    public internal(set) var operations = OperationCount()

    let layerCount: Int
    /// For each layer that a position has reached: keys and values of the source, [S, 2d].
    var crossKeyValues: [Matrix?]
    /// For each layer: keys and values of the nodes, [nodes, 2d].
    let selfKeyValues: [Matrix]
    /// h of each node at the layer where it left, [nodes, d]: what is copied upward.
    let exitStates: Matrix
    private var nodes: [Node] = []
    private var freeNodes: [Int32] = []

    private struct Node {
        var parent: Int32
        var children: Int32
        /// Keys and values of this node exist in layers 1 … `filled`.
        var filled: Int
        var isLeaf: Bool
    }

    /// Starts a sentence.
    ///
    /// - Parameters:
    ///   - source: its encoder states [S, d].
    ///   - model: the model that made them.
    public init(source: Matrix, model: TranslationModel) {
        let d = model.configuration.width
        self.source = source
        layerCount = model.decoderLayerCount
        crossKeyValues = Array(repeating: nil, count: layerCount)
        selfKeyValues = (0..<layerCount).map { _ in Matrix(rows: 0, columns: 2 * d) }
        exitStates = Matrix(rows: 0, columns: d)
    }

    /// Adds the position that follows `path`.
    ///
    /// - Parameter path: nodes of the positions before it, empty for the first.
    /// - Returns: the new node, to be appended to the path.
    public func appendNode(after path: [Int32]) -> Int32 {
        let parent = path.last ?? -1
        if parent >= 0 { nodes[Int(parent)].children += 1 }
        let node = Node(parent: parent, children: 0, filled: 0, isLeaf: true)
        if let free = freeNodes.popLast() {
            nodes[Int(free)] = node
            return free
        }
        nodes.append(node)
        for matrix in selfKeyValues { matrix.resize(rows: nodes.count) }
        exitStates.resize(rows: nodes.count)
        return Int32(nodes.count - 1)
    }

    /// Says that no hypothesis ends in the last node of `path` any more: it, and the nodes before it
    /// that nothing else continues, may be used again.
    public func release(_ path: [Int32]) {
        guard var node = path.last else { return }
        nodes[Int(node)].isLeaf = false
        while node >= 0, nodes[Int(node)].children == 0, !nodes[Int(node)].isLeaf {
            freeNodes.append(node)
            node = nodes[Int(node)].parent
            if node >= 0 { nodes[Int(node)].children -= 1 }
        }
    }

    /// The layers in which keys and values of a node exist are 1 … `filledLayers(node)`.
    func filledLayers(_ node: Int32) -> Int { nodes[Int(node)].filled }

    func markFilled(_ node: Int32, layers: Int) { nodes[Int(node)].filled = layers }
}

/// Operations of the decoder, 2·d_in·d_out a linear map (method.md §4).
public struct OperationCount: Sendable, Equatable {
    /// Operations that were executed, classifiers and heads included.
    public var executed = 0
    /// Operations of the same steps at full depth with one classifier each.
    public var fullDepth = 0

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
