import Checkpoint
import Tensor

/// What the target positions of all sentences of a worker leave behind for later ones: keys and values, or the cells of
/// recurrent units, and exit states.
///
/// Positions form a forest: a *node* is one input token at one position after one prefix, and
/// hypotheses that share a prefix share its nodes. A node is a row of the matrices below; the row is
/// used again once no live hypothesis reaches it. The matrices grow to the largest number of nodes
/// seen, so steps allocate nothing once that is reached. For every position of every live hypothesis, shared prefixes counted once, that
/// is N · 2d + d floats; where the network's products are quantised d floats and N · 2d numbers of 16 bits; of recurrent units
/// N · d + d floats.
final class PositionStore {
    /// For each layer that attends: keys and values of the nodes, [nodes, 2d].
    let keyValues: [KeyValueRows]
    /// For each recurrent layer: cells of the nodes, [nodes, d].
    let cells: [Matrix]
    /// h of each node at the layer where it left, [nodes, d]: what is copied upward.
    let exitStates: Matrix

    private var nodes: [Node] = []
    private var freeNodes: [Int32] = []
    private var sourceKeyValues: [KeyValueRows] = []
    private let d: Int
    private let precision: Precision

    private struct Node {
        var parent: Int32
        var children: Int32 = 0
        /// 1 for the first position of a sentence.
        var position: Int32
        /// The memories of this node exist in layers 1 … `filled`.
        var filled: Int32 = 0
        var isLeaf = true
    }

    init(for model: TranslationModel) {
        d = model.configuration.width
        precision = model.precision
        let (d, precision) = (d, precision)
        let layers = 0..<model.decoderLayerCount
        switch model.configuration.architecture.cell {
        case .attention:
            keyValues = layers.map { _ in KeyValueRows(width: d, precision: precision) }
            cells = []
        case .ssru:
            keyValues = []
            cells = layers.map { _ in Matrix(rows: 0, columns: d) }
        }
        exitStates = Matrix(rows: 0, columns: d)
    }

    /// Adds the position that follows `parent`, or a first one.
    func append(after parent: Int32?) -> Int32 {
        var node = Node(parent: -1, position: 1)
        if let parent {
            nodes[Int(parent)].children += 1
            node.parent = parent
            node.position = nodes[Int(parent)].position + 1
        }
        if let free = freeNodes.popLast() {
            nodes[Int(free)] = node
            return free
        }
        nodes.append(node)
        for layer in keyValues { layer.resize(rows: nodes.count) }
        for layer in cells { layer.resize(rows: nodes.count) }
        exitStates.resize(rows: nodes.count)
        return Int32(nodes.count - 1)
    }

    /// Says that no hypothesis ends in `leaf` any more: it, and the nodes before it that nothing else
    /// continues, may be used again.
    func release(_ leaf: Int32) {
        nodes[Int(leaf)].isLeaf = false
        var node = leaf
        while node >= 0, nodes[Int(node)].children == 0, !nodes[Int(node)].isLeaf {
            freeNodes.append(node)
            node = nodes[Int(node)].parent
            if node >= 0 { nodes[Int(node)].children -= 1 }
        }
    }

    /// The node before one; nil for a first position.
    func parent(of node: Int) -> Int? {
        let parent = Int(nodes[node].parent)
        return parent < 0 ? nil : parent
    }

    /// The position of a node in its sentence, 1 for the first.
    func position(of node: Int32) -> Int { Int(nodes[Int(node)].position) }

    /// Appends the nodes from the first position to `node`, in order.
    ///
    /// - Returns: the lowest number of layers in which the memories of those before `node` exist.
    func appendPath(to node: Int32, onto path: inout [Int32]) -> Int {
        let start = path.count
        let count = position(of: node)
        path.append(contentsOf: repeatElement(node, count: count))
        var filled = Int32.max
        var ancestor = node
        for index in stride(from: start + count - 2, through: start, by: -1) {
            ancestor = nodes[Int(ancestor)].parent
            path[index] = ancestor
            filled = min(filled, nodes[Int(ancestor)].filled)
        }
        return Int(filled)
    }

    /// The layers in which the memories of a node exist are 1 … `filledLayers(node)`.
    func filledLayers(_ node: Int32) -> Int { Int(nodes[Int(node)].filled) }

    func markFilled(_ node: Int32, layers: Int) { nodes[Int(node)].filled = Int32(layers) }

    func markFilled(_ some: [Int], layers: Int) {
        for node in some { nodes[node].filled = Int32(layers) }
    }

    /// Rows for the keys and values of a source; what they hold is unspecified.
    func takeSourceKeyValues(rows: Int) -> KeyValueRows {
        let taken = sourceKeyValues.popLast() ?? KeyValueRows(width: d, precision: precision)
        taken.resize(rows: rows)
        return taken
    }

    /// Takes them back, to be given to another sentence.
    func giveBack(_ rows: KeyValueRows) { sourceKeyValues.append(rows) }

    /// Bytes that its matrices hold, used or not.
    var byteCount: Int {
        cells.reduce(exitStates.byteCount) { $0 + $1.byteCount }
            + (keyValues + sourceKeyValues).reduce(0) { $0 + $1.byteCount }
    }
}
