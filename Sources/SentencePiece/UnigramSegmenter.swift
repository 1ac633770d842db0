/// A stretch of normalised text and the piece that covers it.
struct Segment: Sendable {
    /// No piece covers the stretch.
    static let unknown: Int32 = -1

    var start: Int
    var length: Int32
    /// A piece's id, or `unknown`.
    var id: Int32

    var range: Range<Int> { start..<(start + Int(length)) }
}

/// Finds the segmentation with the greatest sum of scores (Kudo 2018, section 3.1).
struct UnigramSegmenter: Sendable {
    /// By how much unknown text scores below the worst piece.
    private static let unknownPenalty: Float = 10
    /// Beyond this, sums are taken from a new zero.
    ///
    /// Single precision would otherwise drown the differences between paths. The reference
    /// implementation does the same, and so the results agree.
    private static let rebaseThreshold: Float = 100_000

    private let trie: ByteTrie
    /// By id; not a number for unused pieces, which never match.
    private let scores: [Float]
    private let unknownScore: Float

    /// The best path that ends at a position: its last piece and its sum.
    private struct PathEnd {
        var score: Float = 0
        /// Bytes of the last piece; 0 where no path ends here.
        var length: Int32 = 0
        var id = Segment.unknown
    }

    init(_ vocabulary: PieceTable) throws(SentencePieceError) {
        if let index = vocabulary.scores.firstIndex(where: { !$0.isFinite }) {
            throw .invalidPiece(.scoreNotFinite, index: index)
        }
        trie = vocabulary.matchable
        scores = vocabulary.scores.indices.map { Self.score(of: $0, in: vocabulary) }
        let normal = zip(vocabulary.kinds, vocabulary.scores).filter { $0.0 == .normal }.map(\.1)
        unknownScore = (normal.min() ?? .greatestFiniteMagnitude) - Self.unknownPenalty
    }

    private static func score(of id: Int, in vocabulary: PieceTable) -> Float {
        switch vocabulary.kinds[id] {
        case .unused: .nan
        // Above every log probability, and one long symbol above several short ones.
        case .userDefined: Float(0.1 * Double(vocabulary.pieces[id].utf8.count - 1))
        case .normal, .unknown, .control, .byte: vocabulary.scores[id]
        }
    }

    /// The logarithm of a piece's probability; of unknown text what the search takes for it.
    func score(of segment: Segment) -> Float {
        segment.id == Segment.unknown ? unknownScore : scores[Int(segment.id)]
    }

    /// The best segmentation of `text` in O(n · longest piece) time and O(n) memory.
    func segments(of text: Span<UInt8>) -> [Segment] {
        var ends = [PathEnd](repeating: PathEnd(), count: text.count + 1)
        var start = 0
        var frontier = 0
        while start < text.count {
            if ends[start].score.magnitude > Self.rebaseThreshold {
                Self.rebase(&ends, from: start, through: frontier)
            }
            let length = text.announcedLength(at: start)
            let hasCharacter = extend(
                &ends, over: text, from: start, characterLength: length, frontier: &frontier)
            if !hasCharacter {
                frontier = max(frontier, start + length)
                let end = PathEnd(
                    score: unknownScore + ends[start].score,
                    length: Int32(truncatingIfNeeded: length))
                Self.keepBetter(end, in: &ends[start + length])
            }
            start += length
        }
        return Self.backtrack(ends)
    }

    /// Offers every piece that starts at `start`; true where one covers just the first character.
    @inline(__always)
    private func extend(
        _ ends: inout [PathEnd], over text: Span<UInt8>, from start: Int, characterLength: Int,
        frontier: inout Int
    ) -> Bool {
        let units = trie.units.span
        let scores = scores.span
        let base = ends[start].score
        var node = ByteTrie.root
        var hasCharacter = false
        var position = start
        while position < text.count {
            node = units.child(of: node, by: text[position])
            if node == ByteTrie.none { break }
            position += 1
            let id = units[Int(node)].value
            if id == ByteTrie.none { continue }
            let score = scores[Int(id)]
            if score.isNaN { continue }
            frontier = max(frontier, position)
            let length = position - start
            let end = PathEnd(
                score: score + base, length: Int32(truncatingIfNeeded: length), id: id)
            Self.keepBetter(end, in: &ends[position])
            if length == characterLength { hasCharacter = true }
        }
        return hasCharacter
    }

    @inline(__always)
    private static func keepBetter(_ candidate: PathEnd, in end: inout PathEnd) {
        if end.length == 0 || candidate.score > end.score { end = candidate }
    }

    private static func rebase(_ ends: inout [PathEnd], from start: Int, through frontier: Int) {
        let origin = ends[start].score
        ends[start].score = 0
        guard start < frontier else { return }
        for index in (start + 1)...frontier where ends[index].length != 0 {
            ends[index].score -= origin
        }
    }

    private static func backtrack(_ ends: [PathEnd]) -> [Segment] {
        var segments: [Segment] = []
        segments.reserveCapacity(ends.count / 4 + 1)
        var position = ends.count - 1
        while position > 0 {
            let end = ends[position]
            position -= Int(end.length)
            segments.append(Segment(start: position, length: end.length, id: end.id))
        }
        segments.reverse()
        return segments
    }
}
