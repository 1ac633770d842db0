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
    /// Every target position attends to those up to itself.
    private(set) var decoderSpans: TrainableAttention.Spans
    /// Every target position attends to its whole source sentence.
    private(set) var crossSpans: TrainableAttention.Spans

    init(_ pairs: [SentencePair], start: Int, encoderHeads: Int, decoderHeads: Int) {
        encoderSpans = .init(heads: encoderHeads)
        decoderSpans = .init(heads: decoderHeads)
        crossSpans = .init(heads: decoderHeads)
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
        for position in target {
            decoderSpans.append(target.lowerBound..<position + 1)
            crossSpans.append(source)
        }
    }

    /// The spans of some target positions only.
    func spans(of rows: [Int]) -> (own: TrainableAttention.Spans, cross: TrainableAttention.Spans) {
        var own = TrainableAttention.Spans(heads: decoderSpans.heads)
        var cross = own
        for row in rows {
            own.append(decoderSpans.keys(row))
            cross.append(crossSpans.keys(row))
        }
        return (own, cross)
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
