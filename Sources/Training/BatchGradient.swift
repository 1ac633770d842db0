import Checkpoint
import Dispatch
import System
import Tensor
package import TensorTraining

/// Loss and gradient of a whole batch, its pieces spread over threads.
///
/// Pieces and the order in which their gradients are added depend on the batch alone, so the result
/// has the same bits with any number of threads.
package final class BatchGradient {
    /// Of the batch that was run last.
    package private(set) var gradient: ParameterVector
    private let network: TrainableNetwork
    private let workers: [PieceGradient]
    private var spare: [ParameterVector]
    private let pieceCount: Int

    /// - Parameters:
    ///   - network: whose parameters the gradients are of.
    ///   - objective: what is minimised.
    ///   - threads: how many pieces are worked on at once.
    ///   - pieces: how many pieces a batch is cut into.
    package init(_ network: TrainableNetwork, _ objective: Objective, threads: Int, pieces: Int) {
        self.network = network
        pieceCount = pieces
        let threads = min(threads, pieces)
        workers = (0..<threads).map { _ in PieceGradient(network, objective, training: true) }
        gradient = ParameterVector(count: network.layout.count)
        // One for each thread and one, so that a thread need not wait for a slower one before it.
        spare = (0..<threads + 1).map { _ in ParameterVector(count: network.layout.count) }
    }

    /// Runs a batch.
    ///
    /// - Parameters:
    ///   - pairs: its sentences.
    ///   - seed: of all randomness.
    ///   - step: the number of the step, which the randomness follows from too.
    ///   - headsLearn: whether the heads take part.
    /// - Returns: sums over the batch.
    package func run(
        _ pairs: [SentencePair], seed: UInt64, step: Int, headsLearn: Bool = true
    ) -> PassResult {
        let c = network.configuration
        let pieces = pairs.pieces(pieceCount).map {
            Piece(
                $0, start: c.trainedStartID, encoderHeads: c.encoder.heads,
                decoderHeads: c.decoder.heads)
        }
        let (tokens, sentences) = (pairs.targetTokenCount, pairs.count)
        let sum = OrderedSum(total: gradient, spare: spare)
        let workers = UncheckedBox(workers)
        DispatchQueue.concurrentPerform(iterations: workers.value.count) { index in
            while let (number, buffer) = sum.take(upTo: pieces.count) {
                let keys = SplitMix64(key: seed, UInt64(step), UInt64(number))
                let result = workers.value[index].run(
                    pieces[number],
                    .init(
                        batchTokens: tokens, batchSentences: sentences, keys: keys,
                        headsLearn: headsLearn),
                    gradients: buffer)
                sum.finish(number, buffer, result)
            }
        }
        return sum.collect(&gradient, &spare)
    }
}

/// Lets a value that is used by one thread at a time cross into closures that run on several.
private struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Adds gradients of pieces in the order of the pieces, whichever thread ends first.
private final class OrderedSum: Sendable {
    private struct State {
        var total: ParameterVector
        var spare: [ParameterVector]
        var taken = 0
        var added = 0
        var waiting: [Int: ParameterVector] = [:]
        var results: [Int: PassResult] = [:]
        /// Whether a thread is adding; others then leave their gradients to it.
        var isAdding = false
    }
    private let state: Lock<State>
    private let freed: DispatchSemaphore

    init(total: ParameterVector, spare: [ParameterVector]) {
        freed = DispatchSemaphore(value: spare.count)
        state = Lock(State(total: total, spare: spare))
    }

    /// The next piece and a cleared vector for its gradient; nil when all are taken.
    func take(upTo count: Int) -> (piece: Int, gradient: ParameterVector)? {
        freed.wait()
        let next = state.withLock { state -> (Int, ParameterVector)? in
            guard state.taken < count, let buffer = state.spare.popLast() else { return nil }
            defer { state.taken += 1 }
            return (state.taken, buffer)
        }
        guard let next else {
            freed.signal()
            return nil
        }
        next.1.clear(0..<next.1.count)
        return next
    }

    /// Hands in the gradient of a piece.
    func finish(_ piece: Int, _ gradient: ParameterVector, _ result: PassResult) {
        var next = state.withLock { state -> (ParameterVector, ParameterVector)? in
            state.results[piece] = result
            state.waiting[piece] = gradient
            guard !state.isAdding else { return nil }
            state.isAdding = true
            return Self.next(&state)
        }
        while let (buffer, total) = next {
            if buffer !== total { total.add(buffer, in: 0..<total.count) }
            next = state.withLock { state in
                if buffer !== total { state.spare.append(buffer) }
                return Self.next(&state)
            }
            freed.signal()
        }
    }

    /// The gradient that has to be added now, or nil, and then nobody is adding.
    private static func next(_ state: inout State) -> (ParameterVector, ParameterVector)? {
        guard let buffer = state.waiting.removeValue(forKey: state.added) else {
            state.isAdding = false
            return nil
        }
        if state.added == 0 {
            // The first is the sum so far; the old one becomes a spare.
            state.spare.append(state.total)
            state.total = buffer
        }
        state.added += 1
        return (buffer, state.total)
    }

    /// What all pieces gave, once they have finished.
    func collect(_ total: inout ParameterVector, _ spare: inout [ParameterVector]) -> PassResult {
        state.withLock { state in
            total = state.total
            spare = state.spare
            let results = state.results.sorted { $0.key < $1.key }.map(\.value)
            return results.dropFirst().reduce(into: results[0], +=)
        }
    }
}
