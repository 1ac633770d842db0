/// A stretch of normalised text and the piece that covers it.
struct Segment {
    var range: Range<Int>
    var id: Int32
}

/// The most probable segmentation under a unigram model (Kudo 2018, section 3.2), by Viterbi.
struct UnigramSegmenter {
    private let unknownScore: Float
    private let bonus: Float

    private struct Node {
        var start = -1
        var id: Int32 = -1
        var score: Float = 0
    }

    init(_ vocabulary: Vocabulary) {
        let normal = vocabulary.kinds.indices.filter { vocabulary.kinds[$0] == .normal }
        let scores = normal.map { vocabulary.scores[$0] }
        unknownScore = (scores.min() ?? .greatestFiniteMagnitude) - 10
        bonus = max(scores.max() ?? 0, .leastNormalMagnitude)
    }

    /// Linear in the text's length times the longest piece.
    func segment(_ text: [UInt8], _ vocabulary: Vocabulary) -> [Segment] {
        var best = [Node](repeating: Node(), count: text.count + 1)
        var start = 0
        while start < text.count {
            let length = text.span.announcedLength(at: start)
            if !extend(&best, from: start, text, vocabulary) {
                let score = unknownScore + best[start].score
                let node = Node(start: start, id: vocabulary.unknownID, score: score)
                if best[start + length].start < 0 || score > best[start + length].score {
                    best[start + length] = node
                }
            }
            start += length
        }
        var segments: [Segment] = []
        var end = text.count
        while end > 0 {
            segments.append(Segment(range: best[end].start..<end, id: best[end].id))
            end = best[end].start
        }
        return segments.reversed()
    }

    /// Offers every piece at `start`; true where one of them covers exactly one character.
    private func extend(
        _ best: inout [Node], from start: Int, _ text: [UInt8], _ vocabulary: Vocabulary
    ) -> Bool {
        let single = start + text.span.announcedLength(at: start)
        var coversOne = false
        var node = PieceTrie.root
        for index in start..<text.count {
            node = vocabulary.trie.step(node, text[index])
            if node < 0 { break }
            let id = vocabulary.trie.value(at: node)
            if id < 0 { continue }
            let kind = vocabulary.kinds[Int(id)]
            if kind != .normal && kind != .userDefined { continue }
            let end = index + 1
            // The reference adds in double precision and keeps the sum in single precision.
            let own =
                kind == .userDefined
                ? Double(Float(end - start) * bonus) - 0.1 : Double(vocabulary.scores[Int(id)])
            let score = own + Double(best[start].score)
            if best[end].start < 0 || score > Double(best[end].score) {
                best[end] = Node(start: start, id: id, score: Float(score))
            }
            if end == single { coversOne = true }
        }
        return coversOne
    }
}
