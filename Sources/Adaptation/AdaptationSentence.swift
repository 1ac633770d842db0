import System

/// A source sentence and what the network makes of it at full depth.
public struct AdaptationSentence: Sendable, Equatable {
    /// Source ids, end of sentence included.
    public let source: [Int]
    /// Target ids, as decoding gave them: with the end of sentence where it came to one, without forced ids.
    public let output: [Int]

    /// Pairs a source with its output.
    public init(source: [Int], output: [Int]) {
        self.source = source
        self.output = output
    }
}

/// Which sentences each step sees: all of them once an epoch, in an order drawn anew.
///
/// Everything follows from the sentences, the seed and the position, so that a run which goes on sees what it would have seen.
struct BatchOrder {
    /// Where the next batch begins.
    struct Position: Equatable {
        var epoch = 0
        var sentence = 0
    }

    private let sentences: [AdaptationSentence]
    private let tokens: Int
    private let seed: UInt64
    private var epoch = -1
    private var order: [Int] = []
    var position = Position()

    init(_ sentences: [AdaptationSentence], tokens: Int, seed: UInt64) {
        precondition(!sentences.isEmpty)
        self.sentences = sentences
        self.tokens = tokens
        self.seed = seed
    }

    /// The next sentences, of at least so many target tokens unless the epoch ends.
    mutating func next() -> [AdaptationSentence] {
        if position.sentence >= sentences.count {
            position = Position(epoch: position.epoch + 1)
        }
        if epoch != position.epoch {
            epoch = position.epoch
            var random = SplitMix64(key: seed, 0xADA7, UInt64(epoch))
            order = sentences.indices.shuffled(using: &random)
        }
        var batch: [AdaptationSentence] = []
        var count = 0
        while position.sentence < order.count, count < tokens {
            let sentence = sentences[order[position.sentence]]
            batch.append(sentence)
            count += sentence.output.count
            position.sentence += 1
        }
        return batch
    }
}

extension [AdaptationSentence] {
    /// Target tokens of all of them.
    var tokenCount: Int { reduce(0) { $0 + $1.output.count } }

    /// Spreads them over at most so many pieces of about the same number of tokens; it depends on them alone.
    func pieces(_ count: Int) -> [[AdaptationSentence]] {
        var pieces = [[AdaptationSentence]](repeating: [], count: count)
        var tokens = [Int](repeating: 0, count: count)
        for sentence in self {
            let least = tokens.indices.min { tokens[$0] < tokens[$1] } ?? 0
            pieces[least].append(sentence)
            tokens[least] += sentence.output.count
        }
        return pieces.filter { !$0.isEmpty }
    }
}
