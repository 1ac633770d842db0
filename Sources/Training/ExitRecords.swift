import Checkpoint
import Dispatch
import System
import Tensor
import TensorTraining

/// What every exit gave at every row of a piece.
struct ExitRecord {
    let rows: Int
    private var logProbabilities: [[Float]]
    private var best: [[Int]]

    init(exits: Int, rows: Int) {
        self.rows = rows
        logProbabilities = Array(repeating: Array(repeating: -.infinity, count: rows), count: exits)
        best = Array(repeating: Array(repeating: 0, count: rows), count: exits)
    }

    mutating func set(_ loss: CrossEntropy.Loss, exit n: Int, row: Int) {
        logProbabilities[n - 1][row] = loss.logProbability
        best[n - 1][row] = loss.best
    }

    func sentence(_ range: Range<Int>, targets: [Int]) -> ExitOracle.Sentence {
        ExitOracle.Sentence(
            logProbabilities: logProbabilities.map { Array($0[range]) },
            best: best.map { Array($0[range]) }, targets: Array(targets[range]))
    }
}

extension TrainableNetwork {
    /// What every exit gives on sentences whose translations are known, each position seeing the true
    /// ones before it: what oracles choose from.
    ///
    /// - Parameters:
    ///   - pairs: the sentences.
    ///   - threads: how many are worked on at once.
    /// - Returns: one record for each pair, in their order.
    public func exitRecords(_ pairs: [SentencePair], threads: Int) -> [ExitOracle.Sentence] {
        let c = configuration
        let state = Lock((next: 0, records: [Int: ExitOracle.Sentence]()))
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let pass = NetworkPass(self, dropout: Dropout(rate: 0))
            let loss = ClassifierLoss(
                width: c.width, vocabularySize: c.targetVocabularySize)
            while let index = state.withLock({ state in
                defer { state.next += 1 }
                return state.next < pairs.count ? state.next : nil
            }) {
                let piece = Piece(
                    [pairs[index]], start: c.trainedStartID, encoderHeads: c.encoder.heads,
                    decoderHeads: c.decoder.heads)
                pass.encode(piece, keys: SplitMix64(seed: 0))
                pass.decode(piece, exits: nil)
                let exits = (1...c.decoder.layers).map { n in
                    ClassifierLoss.Exit(
                        layer: n, classifier: classifiers[n - 1], states: pass.states[n],
                        rows: Array(piece.targetIDs.indices), gradient: nil, scale: 0)
                }
                var record = ExitRecord(exits: exits.count, rows: piece.targetIDs.count)
                let crossEntropy = CrossEntropy(
                    smoothing: 0, teacherWeight: 0, allowed: allowedCount)
                loss.run(
                    exits, targets: piece.targetIDs,
                    .init(crossEntropy: crossEntropy, firstTeaches: false), gradients: nil
                ) { record.set($2, exit: $0, row: $1) }
                let sentence = record.sentence(
                    piece.targetRanges[0], targets: piece.targetIDs)
                state.withLock { $0.records[index] = sentence }
            }
        }
        return state.withLock { $0.records }.sorted { $0.key < $1.key }.map(\.value)
    }
}
