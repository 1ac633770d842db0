import Tensor
import TensorTraining

/// A source sentence and its translation as ids, each with the end of sentence.
public struct SentencePair: Sendable, Equatable {
    /// Source ids, S of them.
    public let source: [Int]
    /// Target ids.
    public let target: [Int]

    /// Pairs two sentences.
    public init(source: [Int], target: [Int]) {
        self.source = source
        self.target = target
    }
}

/// Some sentences of a batch, packed one behind the other without padding: what one thread works on.
struct Piece: Sendable {
    private(set) var sourceIDs: [Int] = []
    private(set) var sourceRanges: [Range<Int>] = []
    private(set) var sourcePositions: [Int] = []
    /// The decoder's input: the start id, then the target without its last id.
    private(set) var inputIDs: [Int] = []
    private(set) var targetIDs: [Int] = []
    private(set) var targetRanges: [Range<Int>] = []
    private(set) var targetPositions: [Int] = []
    /// Every source position attends to its whole sentence.
    private(set) var encoderSpans: TrainableAttention.Spans
    /// What every target position attends to.
    private(set) var targetSpans: TargetSpans

    init(_ pairs: [SentencePair], start: Int, encoderHeads: Int, decoderHeads: Int) {
        encoderSpans = .init(heads: encoderHeads)
        targetSpans = TargetSpans(heads: decoderHeads)
        for pair in pairs { append(pair, start: start) }
    }

    private mutating func append(_ pair: SentencePair, start: Int) {
        let source = sourceIDs.count..<sourceIDs.count + pair.source.count
        let target = targetIDs.count..<targetIDs.count + pair.target.count
        sourceIDs += pair.source
        sourceRanges.append(source)
        sourcePositions += 0..<source.count
        inputIDs.append(start)
        inputIDs += pair.target.dropLast()
        targetIDs += pair.target
        targetRanges.append(target)
        targetPositions += 0..<target.count
        for _ in source { encoderSpans.append(source) }
        targetSpans.append(target: target, source: source)
    }
}

/// What target positions attend to in a decoder layer.
struct TargetSpans: Sendable {
    /// Each position: those up to itself.
    private(set) var own: TrainableAttention.Spans
    /// Each position: its whole source sentence.
    private(set) var cross: TrainableAttention.Spans

    init(heads: Int) {
        own = .init(heads: heads)
        cross = .init(heads: heads)
    }

    /// Those of a sentence's positions.
    mutating func append(target: Range<Int>, source: Range<Int>) {
        for position in target {
            own.append(target.lowerBound..<position + 1)
            cross.append(source)
        }
    }

    /// Those of some positions only.
    func selecting(_ rows: [Int]) -> TargetSpans {
        var selected = TargetSpans(heads: own.heads)
        for row in rows {
            selected.own.append(own.keys(row))
            selected.cross.append(cross.keys(row))
        }
        return selected
    }
}

extension [SentencePair] {
    /// Spreads the pairs over so many pieces of about the same number of tokens, the longest first;
    /// pieces that would be empty are left out.
    func pieces(_ count: Int) -> [[SentencePair]] {
        guard count > 1 else { return [self] }
        let order = indices.sorted {
            let (a, b) = (self[$0].tokenCount, self[$1].tokenCount)
            return a != b ? a > b : $0 < $1
        }
        var tokens = [Int](repeating: 0, count: count)
        var members = [[Int]](repeating: [], count: count)
        for index in order {
            var least = 0
            for piece in tokens.indices where tokens[piece] < tokens[least] { least = piece }
            tokens[least] += self[index].tokenCount
            members[least].append(index)
        }
        return members.filter { !$0.isEmpty }.map { piece in piece.map { self[$0] } }
    }

    /// Target ids, ends of sentence included.
    var targetTokenCount: Int { reduce(0) { $0 + $1.target.count } }
}

extension SentencePair {
    /// A measure of the work that a pair is: exits and classifiers make the target's part the larger.
    fileprivate var tokenCount: Int { source.count + 3 * target.count }
}
