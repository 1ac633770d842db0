import SentencePiece

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// All ways to cut one text into pieces.
///
/// Its arrays are used again for the next text.
struct UnigramLattice {
    /// One piece at one place; positions are byte offsets.
    private struct Edge {
        var start: Int
        var end: Int
        var piece: Int
    }

    /// By start, and so an edge comes behind all that lead to it.
    private var edges: [Edge] = []
    private var length = 0
    /// By position: logarithms of the sums over all paths from the beginning and to the end.
    private var forward: [Double] = []
    private var backward: [Double] = []
    /// By position: the last edge of the best path that ends there, or −1.
    private var best: [Int] = []

    /// Enters every occurrence of a piece of `trie` in `text`.
    mutating func fill(with text: [UInt8], from trie: ByteTrie) {
        length = text.count
        edges.removeAll(keepingCapacity: true)
        let (text, units) = (text.span, trie.units.span)
        var start = 0
        while start < text.count {
            var node = ByteTrie.root
            var position = start
            while position < text.count {
                node = units.child(of: node, by: text[position])
                if node == ByteTrie.none { break }
                position += 1
                let piece = units[Int(node)].value
                if piece != ByteTrie.none {
                    edges.append(Edge(start: start, end: position, piece: Int(piece)))
                }
            }
            start += text.announcedLength(at: start)
        }
    }

    /// Adds `count` times the probability of every piece, given the text, to `expected`.
    ///
    /// The forward-backward algorithm; time is linear in the number of edges.
    /// - Returns: the logarithm of the probability of the text.
    mutating func addExpectations(
        times count: Double, scores: [Double], to expected: inout [Double]
    ) -> Double {
        reset(&forward, origin: 0)
        reset(&backward, origin: length)
        for edge in edges {
            forward[edge.end] = logSum(
                forward[edge.end], forward[edge.start] + scores[edge.piece])
        }
        for edge in edges.reversed() {
            backward[edge.start] = logSum(
                backward[edge.start], backward[edge.end] + scores[edge.piece])
        }
        let total = forward[length]
        for edge in edges {
            let path = forward[edge.start] + scores[edge.piece] + backward[edge.end]
            expected[edge.piece] += count * exp(path - total)
        }
        return total
    }

    /// The most probable pieces of the text and the sum of their scores, or nil where there is no
    /// way without `excluded`.
    mutating func bestPath(
        scores: [Double], without excluded: Int? = nil
    ) -> (pieces: [Int], score: Double)? {
        reset(&forward, origin: 0)
        best.removeAll(keepingCapacity: true)
        best.append(contentsOf: repeatElement(-1, count: length + 1))
        for (index, edge) in edges.enumerated() where edge.piece != excluded {
            let score = forward[edge.start] + scores[edge.piece]
            guard score > forward[edge.end] else { continue }
            forward[edge.end] = score
            best[edge.end] = index
        }
        var pieces: [Int] = []
        var position = length
        while position > 0 {
            guard best[position] >= 0 else { return nil }
            let edge = edges[best[position]]
            pieces.append(edge.piece)
            position = edge.start
        }
        return (pieces, forward[length])
    }

    private func reset(_ sums: inout [Double], origin: Int) {
        sums.removeAll(keepingCapacity: true)
        sums.append(contentsOf: repeatElement(-.infinity, count: length + 1))
        sums[origin] = 0
    }
}

/// log(eᵃ + eᵇ) without overflow.
private func logSum(_ a: Double, _ b: Double) -> Double {
    let (low, high) = a < b ? (a, b) : (b, a)
    // Beyond 50 nats the smaller term is lost to rounding, and both can be −∞.
    return low < high - 50 || low == -.infinity ? high : high + log1p(exp(low - high))
}
