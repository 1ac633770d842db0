/// Every greedy decoding of one sentence that has been seen, as a tree over the exits of its tokens.
///
/// What a layer computes at a position depends on the thresholds only through the exits of the positions
/// before it: an earlier exit fixes both the token that is fed in and the state that is copied upward
/// (method.md §1). So a node, which stands for the exits e_1 … e_t, holds for position t + 1 the signals of
/// layers 1 … k, k as deep as any decoding went there, and a child for each exit that was taken. A draw of
/// thresholds that finds its way from the root to an ending is replayed exactly, without the network; one
/// that does not has to be decoded from the point where it leaves the tree.
struct DecisionTree {
    /// The node of the empty prefix.
    static let root = 0

    /// How far thresholds lead.
    enum Walk {
        /// To the end of an output that is known.
        case ending(node: Int)
        /// To a position where a signal or the token is not known; the exits before it.
        case unknown(exits: [Int])
    }

    private let layerCount: Int
    private let endOfSentence: Int
    private let maximumTokens: Int
    private var nodes: [Node] = []
    /// N − 1 for each node, valid for the layers that it knows.
    private var signals: [Float] = []
    /// N for each node; 0, the root, is nobody's child and stands for none.
    private var children: [Int32] = []

    private struct Node {
        let parent: Int32
        let token: Int32
        let depth: Int32
        let exit: Int16
        var knownLayers: Int16
    }

    /// A tree that knows nothing.
    init(layerCount: Int, endOfSentence: Int, maximumTokens: Int) {
        self.layerCount = layerCount
        self.endOfSentence = endOfSentence
        self.maximumTokens = maximumTokens
        append(Node(parent: -1, token: -1, depth: 0, exit: 0, knownLayers: 0))
    }

    /// Follows thresholds as far as the tree goes.
    func walk(_ policy: ThresholdPolicy, _ thresholds: [Double]) -> Walk {
        var node = Self.root
        var exits: [Int] = []
        while !isEnding(node) {
            guard let exit = exit(at: node, policy, thresholds),
                let next = child(of: node, exit: exit)
            else { return .unknown(exits: exits) }
            exits.append(exit)
            node = next
        }
        return .ending(node: node)
    }

    /// Whether the output that a node stands for is complete.
    func isEnding(_ node: Int) -> Bool {
        nodes[node].token == endOfSentence || nodes[node].depth >= maximumTokens
    }

    /// Where thresholds leave at a node; nil where a signal that decides is not known.
    private func exit(
        at node: Int, _ policy: ThresholdPolicy, _ thresholds: [Double]
    ) -> Int? {
        for n in 1..<layerCount {
            guard let signal = signal(at: node, after: n) else { return nil }
            let probability = policy.probability(signal)
            if policy.leaves(probability: probability, threshold: thresholds[n - 1]) { return n }
        }
        return layerCount
    }

    /// What the policy learnt at a node after a layer n < N.
    func signal(at node: Int, after n: Int) -> Float? {
        n <= nodes[node].knownLayers ? signals[node * (layerCount - 1) + n - 1] : nil
    }

    /// Keeps a signal; the signals of the layers below are known by then.
    mutating func record(_ signal: Float, at node: Int, after n: Int) {
        guard n == nodes[node].knownLayers + 1 else { return }
        signals[node * (layerCount - 1) + n - 1] = signal
        nodes[node].knownLayers = Int16(n)
    }

    /// The node behind an exit that was taken before.
    func child(of node: Int, exit: Int) -> Int? {
        let child = children[node * layerCount + exit - 1]
        return child == 0 ? nil : Int(child)
    }

    /// The node behind an exit, made where it was not taken before.
    mutating func extend(_ node: Int, exit: Int, token: Int) -> Int {
        if let known = child(of: node, exit: exit) { return known }
        children[node * layerCount + exit - 1] = Int32(nodes.count)
        append(
            Node(
                parent: Int32(node), token: Int32(token), depth: nodes[node].depth + 1,
                exit: Int16(exit), knownLayers: 0))
        return nodes.count - 1
    }

    private mutating func append(_ node: Node) {
        nodes.append(node)
        signals += repeatElement(0, count: layerCount - 1)
        children += repeatElement(0, count: layerCount)
    }

    /// The token that led to a node.
    func token(of node: Int) -> Int { Int(nodes[node].token) }

    /// Tokens and exits from the root to a node.
    func output(endingIn node: Int) -> (tokens: [Int], exits: [Int]) {
        var tokens: [Int] = []
        var exits: [Int] = []
        var node = node
        while node != Self.root {
            tokens.append(Int(nodes[node].token))
            exits.append(Int(nodes[node].exit))
            node = Int(nodes[node].parent)
        }
        return (tokens.reversed(), exits.reversed())
    }
}
