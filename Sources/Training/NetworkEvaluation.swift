import Checkpoint
import Dispatch
import System

/// Losses of a network on sentences, without dropout and gradients.
struct NetworkEvaluation {
    private let network: TrainableNetwork
    private let objective: Objective
    private let threads: Int
    private static let sentencesPerPiece = 16

    init(_ network: TrainableNetwork, _ objective: Objective, threads: Int) {
        self.network = network
        self.objective = objective
        self.threads = threads
    }

    /// Sums over the sentences, added in an order that does not follow the threads.
    func run(_ pairs: [SentencePair]) -> PassResult {
        let c = network.configuration
        let starts = Array(stride(from: 0, to: pairs.count, by: Self.sentencesPerPiece))
        let tokens = pairs.targetTokenCount
        let state = Lock((next: 0, results: [Int: PassResult]()))
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let worker = PieceGradient(network, objective, training: false)
            while let index = state.withLock({ state in
                defer { state.next += 1 }
                return state.next < starts.count ? state.next : nil
            }) {
                let end = min(starts[index] + Self.sentencesPerPiece, pairs.count)
                let piece = Piece(
                    Array(pairs[starts[index]..<end]), start: c.trainedStartID,
                    encoderHeads: c.encoder.heads, decoderHeads: c.decoder.heads)
                let result = worker.run(
                    piece,
                    .init(
                        batchTokens: tokens, batchSentences: pairs.count, keys: SplitMix64(seed: 0)),
                    gradients: nil)
                state.withLock { $0.results[index] = result }
            }
        }
        let results = state.withLock { $0.results }.sorted { $0.key < $1.key }.map(\.value)
        return results.reduce(
            into: PassResult(exits: c.decoder.layers, heads: objective.heads.count), +=)
    }
}
