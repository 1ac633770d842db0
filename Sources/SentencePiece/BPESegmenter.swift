import HeapModule

/// Segments by byte-pair encoding (Sennrich, Haddow and Birch 2016).
///
/// Starting from characters, the two neighbours whose union is the piece of the best score are
/// merged, until no two neighbours are a piece.
struct BPESegmenter: Sendable {
    /// How often one unused piece is taken apart; deeper chains come from broken models only.
    fileprivate static let splitDepthLimit = 100

    fileprivate let trie: ByteTrie
    fileprivate let scores: [Float]
    fileprivate let isUnused: [Bool]
    fileprivate let userDefined: ByteTrie?

    init(_ vocabulary: PieceTable) {
        trie = vocabulary.matchable
        scores = vocabulary.scores
        isUnused = vocabulary.kinds.map { $0 == .unused }
        userDefined = vocabulary.userDefined
    }

    /// The segmentation of `text` in O(n log n) time and O(n) memory.
    func segments(of text: Span<UInt8>) -> [Segment] {
        var merger = Merger(self, symbols: symbols(of: text))
        merger.run(over: text)
        var segments: [Segment] = []
        segments.reserveCapacity(text.count / 4 + 1)
        var index = merger.symbols.isEmpty ? -1 : 0
        while index >= 0 {
            let symbol = merger.symbols[index]
            let segment = Segment(
                start: symbol.start, length: symbol.length, id: id(at: symbol.node))
            merger.appendUsed(segment, of: text, to: &segments, depth: 0)
            index = symbol.next
        }
        return segments
    }

    /// Characters and user-defined symbols, the longest first.
    private func symbols(of text: Span<UInt8>) -> [Symbol] {
        var symbols: [Symbol] = []
        symbols.reserveCapacity(text.count)
        var start = 0
        while start < text.count {
            let match = userDefined?.longestSymbol(in: text, at: start)
            let length = match ?? text.announcedLength(at: start)
            symbols.append(
                Symbol(
                    start: start, length: Int32(truncatingIfNeeded: length),
                    node: trie.node(from: ByteTrie.root, in: text, start..<(start + length)),
                    isFrozen: match != nil, previous: symbols.count - 1, next: symbols.count + 1))
            start += length
        }
        if !symbols.isEmpty { symbols[symbols.count - 1].next = -1 }
        return symbols
    }

    fileprivate func id(at node: Int32) -> Int32 {
        node == ByteTrie.none ? Segment.unknown : trie.units[Int(node)].value
    }
}

/// A stretch of text that is a unit so far, linked to its neighbours by index (−1: none).
private struct Symbol {
    var start: Int
    /// 0 once the symbol has become part of its left neighbour.
    var length: Int32
    /// The trie's node at the end of the symbol, `ByteTrie.none` where no piece starts with it.
    var node: Int32
    /// A user-defined symbol, which is never merged.
    var isFrozen: Bool
    var previous: Int
    var next: Int
}

/// The state of one segmentation.
private struct Merger {
    private let model: BPESegmenter
    private(set) var symbols: [Symbol]
    private var queue: Heap<MergeCandidate>
    /// For each unused piece that was a candidate, the length of its left half.
    private var splits: [Int32: Int32] = [:]

    init(_ model: BPESegmenter, symbols: [Symbol]) {
        self.model = model
        self.symbols = symbols
        queue = Heap(minimumCapacity: symbols.count)
    }

    mutating func run(over text: Span<UInt8>) {
        for right in symbols.indices.dropFirst() { consider(right - 1, right, of: text) }
        while let best = queue.popMax() {
            let (left, right) = (symbols[best.left], symbols[best.right])
            guard left.length > 0, right.length > 0, left.length + right.length == best.length
            else { continue }
            symbols[best.left].node = union(left, right, of: text)
            symbols[best.left].length = best.length
            symbols[best.left].next = right.next
            symbols[best.right].length = 0
            if right.next >= 0 { symbols[right.next].previous = best.left }
            consider(left.previous, best.left, of: text)
            consider(best.left, right.next, of: text)
        }
    }

    /// Queues two neighbours where together they are a piece.
    private mutating func consider(_ left: Int, _ right: Int, of text: Span<UInt8>) {
        guard left >= 0, right >= 0 else { return }
        let (first, second) = (symbols[left], symbols[right])
        guard !first.isFrozen, !second.isFrozen else { return }
        let id = model.id(at: union(first, second, of: text))
        guard id != Segment.unknown else { return }
        let candidate = MergeCandidate(
            score: model.scores[Int(id)], length: first.length + second.length, left: left,
            right: right)
        queue.insert(candidate)
        if model.isUnused[Int(id)] { splits[id] = first.length }
    }

    private func union(_ left: Symbol, _ right: Symbol, of text: Span<UInt8>) -> Int32 {
        model.trie.node(
            from: left.node, in: text, right.start..<(right.start + Int(right.length)))
    }

    /// Appends `segment`, with an unused piece taken apart into the halves it was merged from.
    func appendUsed(
        _ segment: Segment, of text: Span<UInt8>, to segments: inout [Segment], depth: Int
    ) {
        guard depth <= BPESegmenter.splitDepthLimit, segment.id != Segment.unknown,
            model.isUnused[Int(segment.id)]
        else { return segments.append(segment) }
        guard let length = splits[segment.id] else {
            return segments.append(
                Segment(start: segment.start, length: segment.length, id: Segment.unknown))
        }
        let middle = segment.start + Int(length)
        for half in [segment.start..<middle, middle..<segment.range.upperBound] {
            let node = model.trie.node(from: ByteTrie.root, in: text, half)
            let part = Segment(
                start: half.lowerBound, length: Int32(truncatingIfNeeded: half.count),
                id: model.id(at: node))
            appendUsed(part, of: text, to: &segments, depth: depth + 1)
        }
    }
}
