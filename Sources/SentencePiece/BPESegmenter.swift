/// Segmentation by merges: the best-scored pair of neighbours first, the leftmost of equals.
///
/// O(n log n) in the number of characters.
struct BPESegmenter {
    private let text: [UInt8]
    private let vocabulary: Vocabulary
    private var symbols: [Symbol] = []
    private var agenda: [Pair] = []
    /// Where to split an unused piece again, by its id.
    private var splits: [Int32: Int] = [:]

    private struct Symbol {
        var start: Int
        var end: Int
        var previous: Int
        var next: Int
        var isFrozen: Bool
        /// Where the symbol's text ends in the trie, or -1.
        var node: Int32
    }

    private struct Pair {
        var score: Float
        var left: Int
        var right: Int
        var size: Int

        func precedes(_ other: Pair) -> Bool {
            score > other.score || (score == other.score && left < other.left)
        }
    }

    init(_ text: [UInt8], _ vocabulary: Vocabulary) {
        self.text = text
        self.vocabulary = vocabulary
    }

    mutating func segments() -> [Segment] {
        split()
        for index in symbols.indices.dropFirst() { offer(index - 1, index) }
        while let pair = pop() { merge(pair) }
        var output: [Segment] = []
        var index = symbols.isEmpty ? -1 : 0
        while index >= 0 {
            resegment(symbols[index].start..<symbols[index].end, into: &output)
            index = symbols[index].next
        }
        return output
    }

    private mutating func split() {
        var start = 0
        while start < text.count {
            let frozen = vocabulary.userDefined?.longestMatch(text, at: start) ?? 0
            let end = start + (frozen > 0 ? frozen : text.span.announcedLength(at: start))
            let index = symbols.count
            symbols.append(
                Symbol(
                    start: start, end: end, previous: index - 1,
                    next: end < text.count ? index + 1 : -1, isFrozen: frozen > 0,
                    node: vocabulary.trie.walk(PieceTrie.root, text, start..<end)))
            start = end
        }
    }

    private mutating func offer(_ left: Int, _ right: Int) {
        guard left >= 0, right >= 0, !symbols[left].isFrozen, !symbols[right].isFrozen,
            symbols[left].node >= 0
        else { return }
        let (start, end) = (symbols[left].start, symbols[right].end)
        let node = vocabulary.trie.walk(symbols[left].node, text, symbols[right].start..<end)
        let id = vocabulary.trie.value(at: node)
        guard id >= 0, !vocabulary.kinds[Int(id)].isReserved else { return }
        let score = vocabulary.scores[Int(id)]
        push(Pair(score: score, left: left, right: right, size: end - start))
        if vocabulary.kinds[Int(id)] == .unused {
            splits[id] = symbols[left].end - start
        }
    }

    private mutating func merge(_ pair: Pair) {
        let (left, right) = (symbols[pair.left], symbols[pair.right])
        // A merged symbol is left empty; a pair whose parts have changed since is stale.
        guard left.end > left.start, right.end > right.start,
            left.end - left.start + right.end - right.start == pair.size
        else { return }
        symbols[pair.left].end = right.end
        symbols[pair.left].next = right.next
        symbols[pair.left].node = vocabulary.trie.walk(
            left.node, text, right.start..<right.end)
        if right.next >= 0 { symbols[right.next].previous = pair.left }
        symbols[pair.right].end = right.start
        offer(left.previous, pair.left)
        offer(pair.left, right.next)
    }

    private func resegment(_ range: Range<Int>, into output: inout [Segment]) {
        var pending = [range]
        while let range = pending.popLast() {
            let id = vocabulary.id(of: text, range)
            if vocabulary.kinds[Int(id)] == .unused, let length = splits[id] {
                let middle = range.lowerBound + length
                pending.append(middle..<range.upperBound)
                pending.append(range.lowerBound..<middle)
            } else {
                output.append(Segment(range: range, id: id))
            }
        }
    }

    private mutating func push(_ pair: Pair) {
        agenda.append(pair)
        var child = agenda.count - 1
        while child > 0, agenda[child].precedes(agenda[(child - 1) / 2]) {
            agenda.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop() -> Pair? {
        guard let top = agenda.first, let last = agenda.popLast() else { return nil }
        guard !agenda.isEmpty else { return top }
        agenda[0] = last
        var parent = 0
        while true {
            var best = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < agenda.count && agenda[child].precedes(agenda[best]) {
                best = child
            }
            if best == parent { return top }
            agenda.swapAt(parent, best)
            parent = best
        }
    }
}
