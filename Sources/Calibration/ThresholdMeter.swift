public import Decoding
import Dispatch
public import Evaluation
import System
import Tensor
public import TranslationModel

/// Thresholds and what greedy decoding of the validation set with them came to.
public struct Measurement: Sendable, Equatable {
    /// τ_n for n = 1 … N − 1.
    public let thresholds: [Double]
    /// BLEU, 0 to 100.
    public let bleu: Double
    /// The mean exit over the target tokens, end of sentence included, 1 … N.
    public let averageExit: Double
    /// Sentences that were decoded; the others were replayed.
    public let decodedSentences: Int

    /// States a result.
    public init(
        thresholds: [Double], bleu: Double, averageExit: Double, decodedSentences: Int = 0
    ) {
        self.thresholds = thresholds
        self.bleu = bleu
        self.averageExit = averageExit
        self.decodedSentences = decodedSentences
    }
}

/// Measures thresholds on a validation set and remembers every decision that it has seen.
///
/// All measurements are exact, those of greedy decoding with the same thresholds: what is replayed is
/// what decoding would do again (`DecisionTree` says why), and the rest is decoded. Memory grows with the
/// measurements: about 1 MB for each and a thousand sentences.
public final class ThresholdMeter {
    /// A validation set, as numbers.
    public struct Sentences {
        /// Source ids, each sentence of 2 … max_position_embeddings of them, end of sentence included.
        public let sources: [[Int]]
        /// Counts target ids against the reference of a sentence; called from several threads.
        public let score: @Sendable (_ sentence: Int, _ targetIDs: [Int]) -> BLEU.Statistics

        /// Pairs sources with their scoring.
        public init(
            sources: [[Int]], score: @escaping @Sendable (Int, [Int]) -> BLEU.Statistics
        ) {
            self.sources = sources
            self.score = score
        }
    }

    private let layerCount: Int
    private let policy: ThresholdPolicy
    private let shards: [Shard]

    /// One worker's share of the sentences.
    ///
    /// Sendable without a lock because a pass gives each to one thread, and passes do not overlap.
    private final class Shard: @unchecked Sendable {
        let sentences: [TracedSentence]
        let decoder: TracingDecoder

        init(_ sentences: [TracedSentence], _ decoder: TracingDecoder) {
            self.sentences = sentences
            self.decoder = decoder
        }
    }

    private struct Totals {
        var statistics = BLEU.Statistics()
        var exitSum = 0
        var tokenCount = 0
        var decodedSentences = 0

        mutating func add(_ ending: TracedSentence.Ending) {
            statistics += ending.statistics
            exitSum += ending.exitSum
            tokenCount += ending.tokenCount
        }

        static func += (sum: inout Totals, other: Totals) {
            sum.statistics += other.statistics
            sum.exitSum += other.exitSum
            sum.tokenCount += other.tokenCount
            sum.decodedSentences += other.decodedSentences
        }
    }

    /// Encodes the sentences.
    ///
    /// - Parameters:
    ///   - model: a model of at least two decoder layers that has the head of `policy`.
    ///   - policy: whose thresholds are measured.
    ///   - sentences: at least one.
    ///   - workers: threads that share the work, at least 1.
    public init(
        model: TranslationModel, policy: ThresholdPolicy, sentences: Sentences, workers: Int
    ) {
        precondition(model.decoderLayerCount > 1 && !sentences.sources.isEmpty && workers > 0)
        layerCount = model.decoderLayerCount
        self.policy = policy
        let scratch = EncoderScratch(for: model)
        let score = sentences.score
        let traced = sentences.sources.enumerated().map { index, ids in
            TracedSentence(source: model.encode([ids], scratch: scratch)[0], model: model) {
                score(index, $0)
            }
        }
        shards = (0..<min(workers, traced.count)).map { shard in
            // Every so many-th sentence, so that a sorted file gives equal shares.
            let own = stride(from: shard, to: traced.count, by: min(workers, traced.count))
            return Shard(own.map { traced[$0] }, TracingDecoder(model, policy: policy))
        }
    }

    /// Decodes at full depth and looks at every exit on the way; costs more than a plain decoding.
    ///
    /// - Returns: what every exit said.
    /// - Throws: `notFinite` where the network gives something that is not a number.
    public func traceFullDepth() throws(DecodingError) -> FullDepthTrace {
        let layerCount = layerCount
        let traces = try onShards { (shard) throws(DecodingError) in
            try Self.trace(shard, layerCount: layerCount)
        }
        let totals = traces.reduce(into: Totals()) { $0 += $1.totals }
        var trace = FullDepthTrace(
            bleu: BLEU().score(totals.statistics), layerCount: layerCount, policy: policy)
        for row in traces.lazy.flatMap(\.rows) {
            trace.append(signals: row.signals, tokens: row.tokens)
        }
        return trace
    }

    /// Decodes at full depth and looks at the token that every exit would have given, the side branch among them.
    ///
    /// - Returns: one for each sentence, in no order.
    /// - Throws: `notFinite` where the network gives something that is not a number.
    public func tokensOfExits() throws(DecodingError) -> [ExitTrace] {
        try onShards { (shard) throws(DecodingError) in
            let traces = try shard.decoder.traceFullDepth(shard.sentences)
            return zip(shard.sentences, traces).map { sentence, positions in
                ExitTrace(
                    positions: positions,
                    branch: shard.decoder.branchTokens(
                        sentence, following: positions.map { $0[$0.count - 1] }))
            }
        }.flatMap(\.self)
    }

    /// Measures thresholds: replays what it can, decodes the rest.
    ///
    /// - Parameter thresholds: N − 1 of them, each 0 … 1.
    /// - Returns: what they came to.
    /// - Throws: `notFinite` where the network gives something that is not a number.
    public func measure(_ thresholds: [Double]) throws(DecodingError) -> Measurement {
        precondition(thresholds.count == layerCount - 1)
        let policy = policy
        let totals = try onShards { (shard) throws(DecodingError) in
            try Self.measure(shard, policy, thresholds)
        }.reduce(into: Totals(), +=)
        return Measurement(
            thresholds: thresholds, bleu: BLEU().score(totals.statistics),
            averageExit: Double(totals.exitSum) / Double(max(totals.tokenCount, 1)),
            decodedSentences: totals.decodedSentences)
    }

    /// Does something with every shard at once.
    private func onShards<Value: Sendable>(
        _ body: @Sendable (Shard) throws(DecodingError) -> Value
    ) throws(DecodingError) -> [Value] {
        let shards = shards
        let results = Lock<[Int: Result<Value, DecodingError>]>([:])
        DispatchQueue.concurrentPerform(iterations: shards.count) { index in
            let result = Result { () throws(DecodingError) in try body(shards[index]) }
            results.withLock { $0[index] = result }
        }
        var values: [Value] = []
        for (_, result) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            values.append(try result.get())
        }
        return values
    }

    private static func trace(
        _ shard: Shard, layerCount: Int
    ) throws(DecodingError) -> (totals: Totals, rows: [(signals: [Float], tokens: [Int])]) {
        var totals = Totals()
        var rows: [(signals: [Float], tokens: [Int])] = []
        let traces = try shard.decoder.traceFullDepth(shard.sentences)
        for (sentence, positions) in zip(shard.sentences, traces) {
            var node = DecisionTree.root
            for tokens in positions {
                let signals = (1..<layerCount).compactMap {
                    sentence.tree.signal(at: node, after: $0)
                }
                rows.append((signals, tokens))
                node = sentence.tree.child(of: node, exit: layerCount) ?? node
            }
            totals.add(sentence.ending(at: node))
        }
        return (totals, rows)
    }

    private static func measure(
        _ shard: Shard, _ policy: ThresholdPolicy, _ thresholds: [Double]
    ) throws(DecodingError) -> Totals {
        var totals = Totals()
        var rest: [(sentence: TracedSentence, exits: [Int])] = []
        for sentence in shard.sentences {
            switch sentence.tree.walk(policy, thresholds) {
            case .ending(let node): totals.add(sentence.ending(at: node))
            case .unknown(let exits): rest.append((sentence, exits))
            }
        }
        try shard.decoder.decode(rest, thresholds)
        for (sentence, _) in rest {
            guard case .ending(let node) = sentence.tree.walk(policy, thresholds) else {
                preconditionFailure("a decoding ended without leaving its exits in the tree")
            }
            totals.add(sentence.ending(at: node))
        }
        totals.decodedSentences = rest.count
        return totals
    }
}
