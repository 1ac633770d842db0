import Checkpoint
import Dispatch
import Glibc
import System
import Tensor
import TensorTraining
import TranslationModel

/// Why exits could not be fitted.
public enum AdaptationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The loss of a step was not a number.
    case diverged(step: Int)
    /// Full depth gave no token for any sentence.
    case noOutputs

    /// What happened and what would be right.
    public var description: String {
        switch self {
        case .diverged(let step):
            "the loss of step \(step) is not a number: try a lower --rate"
        case .noOutputs:
            "full depth gives no token for any sentence, so there is nothing to learn from"
        }
    }
}

/// What is fitted beside a network that stays as it is: one vector of parameters, and the maps over parts of it.
protocol FittedParameters: AnyObject, Sendable {
    var vector: ParameterVector { get }
    /// Exits that they make.
    var exitCount: Int { get }

    /// Room for as many.
    func emptyCopy() -> Self
    /// Brings all packed copies up to date with the vector.
    func repack()
}

extension FittedParameters {
    /// Takes over all values.
    func copy(from other: Self) {
        vector.copy(from: other.vector)
        repack()
    }
}

/// What a fit minimises; belongs to one thread.
protocol ExitLoss: AnyObject, SendableMetatype {
    associatedtype Parameters: FittedParameters

    /// Compares the exits that the parameters make with the last one.
    ///
    /// - Parameters:
    ///   - reader: the states of some sentences, and the rows that count.
    ///   - parameters: what makes the exits.
    ///   - gradients: those of the parameters are added here; nil where none are wanted.
    ///   - scale: of the gradients.
    ///   - key: what is random on the way to gradients follows from it.
    /// - Returns: sums over the positions.
    func run(
        _ reader: StateReader, _ parameters: Parameters, gradients: ParameterVector?,
        scale: Float, key: UInt64
    ) -> ExitComparison
}

/// How to fit.
struct FitOptions: Sendable, Equatable {
    var batchTokens = 1800
    var pieces = 4
    var threads = 1
    var seed: UInt64 = 1
    var peakRate = 2e-3
    var warmUp = 50
}

/// Fits exits to a network that stays as it is: batches, gradients, Adam, and a running mean of the parameters.
///
/// A batch is cut into pieces that depend on it alone, and their gradients are added in their order, so that the result has the same bits
/// with any number of threads.
final class ExitFit<Loss: ExitLoss> {
    typealias Parameters = Loss.Parameters

    let now: Parameters
    /// The running mean of `now`, which is what is validated and kept.
    let mean: Parameters
    let moments: Adam.Moments
    private(set) var order: BatchOrder
    var step = 0
    private let options: FitOptions
    private let adam = Adam()
    private let workers: [Worker]
    private let gradients: [ParameterVector]

    /// What one thread works with.
    ///
    /// Sendable without a lock because each is used by one thread at a time.
    private final class Worker: @unchecked Sendable {
        let reader: StateReader
        let loss: Loss

        init(_ reader: StateReader, _ loss: Loss) {
            self.reader = reader
            self.loss = loss
        }
    }

    /// At the start.
    ///
    /// - Parameters:
    ///   - model: the network.
    ///   - start: the parameters to begin with.
    ///   - sentences: what they learn from, at least one.
    ///   - prefix: ids that every output begins with.
    ///   - options: how to fit.
    ///   - loss: makes what each thread computes losses with.
    init(
        _ model: TranslationModel, start: Parameters, _ sentences: [AdaptationSentence],
        prefix: [Int], _ options: FitOptions, loss: () -> Loss
    ) {
        now = start
        mean = start.emptyCopy()
        mean.copy(from: start)
        moments = Adam.Moments(count: start.vector.count)
        order = BatchOrder(sentences, tokens: options.batchTokens, seed: options.seed)
        self.options = options
        workers = (0..<max(1, min(options.threads, options.pieces))).map { _ in
            Worker(StateReader(model, prefix: prefix), loss())
        }
        gradients = (0..<options.pieces).map { _ in ParameterVector(count: start.vector.count) }
    }

    /// Goes on from a position of an earlier run, whose parameters and moments are in place.
    func moveOn(to step: Int, _ position: BatchOrder.Position) {
        self.step = step
        order.position = position
        now.repack()
        mean.repack()
    }

    /// Takes a step.
    ///
    /// - Returns: how the exits compared on the batch, before the step.
    /// - Throws: `diverged`.
    func takeStep() throws(AdaptationError) -> ExitComparison {
        let batch = order.next()
        let scale = 1 / Float(batch.tokenCount)
        let pieces = batch.pieces(options.pieces)
        let keys = pieces.indices.map { piece in
            var random = SplitMix64(key: options.seed, 0xD209, UInt64(step), UInt64(piece))
            return random.next()
        }
        let sums = each(pieces) { [gradients, now] worker, index in
            gradients[index].clear(0..<gradients[index].count)
            worker.reader.read(pieces[index])
            return worker.loss.run(
                worker.reader, now, gradients: gradients[index], scale: scale, key: keys[index])
        }
        step += 1
        guard sums.loss.isFinite else { throw .diverged(step: step) }
        let all = 0..<now.vector.count
        for gradient in gradients[1..<pieces.count] { gradients[0].add(gradient, in: all) }
        adam.apply(
            now.vector, gradient: gradients[0], moments: moments, in: all,
            .init(number: step, rate: Float(rate), gradientScale: 1))
        mean.vector.move(towards: now.vector, share: Float(max(0.01, 9 / Double(step + 9))))
        now.repack()
        return sums
    }

    /// Up in a line over the first steps, then down with the root of the step, so that it can end at any time.
    private var rate: Double {
        let warmUp = Double(max(options.warmUp, 1))
        return options.peakRate * min(Double(step) / warmUp, (warmUp / Double(step)).squareRoot())
    }

    /// Compares the exits on other sentences, with some parameters.
    func compare(
        _ sentences: [AdaptationSentence], with parameters: Parameters
    ) -> ExitComparison {
        parameters.repack()
        var sums = ExitComparison(exits: parameters.exitCount)
        var rest = sentences[...]
        while !rest.isEmpty {
            let pieces = Array(rest.prefix(64)).pieces(options.pieces)
            rest = rest.dropFirst(64)
            sums += each(pieces) { worker, index in
                worker.reader.read(pieces[index])
                return worker.loss.run(
                    worker.reader, parameters, gradients: nil, scale: 1, key: 0)
            }
        }
        return sums
    }

    /// Does something with every piece, on all threads.
    ///
    /// - Returns: the sum, piece by piece in their order.
    private func each(
        _ pieces: [[AdaptationSentence]],
        _ body: @escaping @Sendable (Worker, Int) -> ExitComparison
    ) -> ExitComparison {
        let next = Lock(0)
        let results = Lock([ExitComparison?](repeating: nil, count: pieces.count))
        let workers = workers
        DispatchQueue.concurrentPerform(iterations: min(workers.count, pieces.count)) { number in
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < pieces.count else { return }
                let result = body(workers[number], index)
                results.withLock { $0[index] = result }
            }
        }
        return results.withLock { $0 }.compactMap(\.self).reduce(
            into: ExitComparison(exits: now.exitCount), +=)
    }
}
