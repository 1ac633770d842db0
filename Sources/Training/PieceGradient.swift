import Checkpoint
import System
import Tensor
import TensorTraining
import TranslationModel

/// Loss and gradient of an objective on a piece; one for each thread.
final class PieceGradient {
    private let network: TrainableNetwork
    private let objective: Objective
    private let pass: NetworkPass
    private let loss: ClassifierLoss
    private let weights: [Double]
    private var exitGradients: [Matrix]  // N of [rows, d]

    init(_ network: TrainableNetwork, _ objective: Objective, training: Bool) {
        let c = network.configuration
        let layerCount = c.decoder.layers
        self.network = network
        self.objective = objective
        let drops = training && objective.trainsNetwork
        pass = NetworkPass(network, dropout: Dropout(rate: drops ? objective.dropout : 0))
        loss = ClassifierLoss(width: c.width, vocabularySize: c.targetVocabularySize)
        weights = objective.exitWeights(layerCount)
        exitGradients = (0..<layerCount).map { _ in Matrix(rows: 0, columns: c.width) }
    }

    /// How much of a batch a piece is, and where its randomness comes from.
    struct Share {
        /// Target tokens of the whole batch.
        let batchTokens: Int
        /// Sentences of the whole batch.
        let batchSentences: Int
        /// Drawn from by dropout and mixed training.
        let keys: SplitMix64
        /// Whether the heads take part.
        var headsLearn = true
    }

    /// Forward and, where `gradients` is given, back.
    func run(_ piece: Piece, _ share: Share, gradients: ParameterVector?) -> PassResult {
        var result = PassResult(exits: weights.count, heads: objective.heads.count)
        result.targetTokens = piece.targetIDs.count
        result.sourceTokens = piece.sourceIDs.count
        var keys = share.keys
        pass.encode(piece, keys: SplitMix64(key: keys.next()))
        if case .mixed(let samples) = objective.decoder, gradients != nil {
            for sample in 0..<samples {
                let drawn = piece.targetIDs.map { _ in
                    Int.random(in: 1...weights.count, using: &keys)
                }
                let exits = objective.exitSequences?[sample] ?? drawn
                runMixed(piece, exits, share, samples: samples, gradients, &result)
            }
        } else {
            let sample = sample(piece, share, gradients, &keys)
            runAligned(piece, sample, share, gradients, &result)
        }
        if let gradients, objective.trainsNetwork {
            pass.encoderBackward(piece, to: gradients) { gradient in
                if let own = sequenceGradient { gradient.add(own) }
            }
        }
        sequenceGradient = nil
        result.crossFocus = gradients == nil ? pass.crossFocus(piece) : (0, 0)
        return result
    }

    /// The gradient of the encoder states by a sequence head that reaches the network.
    private var sequenceGradient: Matrix?

    /// The exits that the positions of a piece ask.
    private func sample(
        _ piece: Piece, _ share: Share, _ gradients: ParameterVector?, _ keys: inout SplitMix64
    ) -> ExitSample {
        let (layerCount, positions) = (weights.count, piece.targetIDs.count)
        if gradients != nil, let sampled = objective.samplesExits(of: layerCount) {
            let drawn =
                objective.drawnExits
                ?? ExitSample.draw(
                    sampled, of: layerCount, positions: positions, using: &keys)
            return ExitSample(drawn, of: layerCount)
        }
        let hasHeads = share.headsLearn && !objective.heads.isEmpty
        let needsAll = gradients == nil || hasHeads
        let used = (1...layerCount).filter {
            objective.decoder == .baseline
                ? $0 == layerCount || hasHeads
                : needsAll || weights[$0 - 1] > 0
        }
        return ExitSample(all: used, of: layerCount, positions: positions)
    }

    /// All exits see every state.
    private func runAligned(
        _ piece: Piece, _ sample: ExitSample, _ share: Share, _ gradients: ParameterVector?,
        _ result: inout PassResult
    ) {
        pass.decode(piece, exits: nil)
        let layerCount = weights.count
        let wanted = objective.trainsNetwork ? gradients : nil
        let scales = zip(weights, sample.factors).map { $0 * $1 / Double(share.batchTokens) }
        var record = ExitRecord(exits: layerCount, rows: piece.targetIDs.count)
        loss.run(
            exits(sample, scales, wanted), targets: piece.targetIDs, lossOptions, gradients: wanted
        ) { n, row, loss in
            result.exits[n - 1].add(loss, target: piece.targetIDs[row])
            result.objective += Double(loss.loss) * scales[n - 1]
            record.set(loss, exit: n, row: row)
        }
        let heads = runHeads(piece, record, share, gradients, &result)
        guard let wanted else { return }
        let extra = objective.gradientScaling - 1
        pass.decoderBackward(piece, to: wanted) { n in
            guard extra != 0, weights[n - 1] > 0 else { return nil }
            let own = Matrix(rows: record.rows, columns: network.configuration.width)
            own.add(exitGradients[n - 1], scale: extra)
            return own
        } supervise: { n, gradient in
            if weights[n - 1] > 0 { gradient.add(exitGradients[n - 1]) }
            if let own = heads[n] { gradient.add(own) }
        }
    }

    /// The exits that are asked, the last one, which teaches, first; their gradients begin at zero.
    private func exits(
        _ sample: ExitSample, _ scales: [Double], _ gradients: ParameterVector?
    ) -> [ClassifierLoss.Exit] {
        (1...weights.count).reversed().compactMap { n in
            let learns = gradients != nil && weights[n - 1] > 0
            if learns {
                exitGradients[n - 1].resize(rows: pass.states[n].rows)
                exitGradients[n - 1].clear()
            }
            guard !sample.rows[n - 1].isEmpty else { return nil }
            return ClassifierLoss.Exit(
                layer: n, classifier: network.classifiers[n - 1], states: pass.states[n],
                rows: sample.rows[n - 1], gradient: learns ? exitGradients[n - 1] : nil,
                scale: Float(scales[n - 1]))
        }
    }

    /// Every position leaves at its drawn exit.
    private func runMixed(
        _ piece: Piece, _ exits: [Int], _ share: Share, samples: Int,
        _ gradients: ParameterVector?, _ result: inout PassResult
    ) {
        pass.decode(piece, exits: exits)
        let scale = 1 / (Double(share.batchTokens) * Double(samples))
        let last = pass.states[weights.count]
        let whole = exitGradients[weights.count - 1]
        whole.resize(rows: last.rows)
        let asked = (1...weights.count).map { n in
            ClassifierLoss.Exit(
                layer: n, classifier: network.classifiers[n - 1], states: last,
                rows: exits.indices.filter { exits[$0] == n }, gradient: whole,
                scale: Float(scale))
        }
        loss.run(
            asked, targets: piece.targetIDs,
            .init(crossEntropy: lossOptions.crossEntropy, firstTeaches: false),
            gradients: gradients
        ) { n, row, loss in
            result.exits[n - 1].add(loss, target: piece.targetIDs[row])
            result.objective += Double(loss.loss) * scale
        }
        guard let gradients else { return }
        pass.decoderBackward(piece, to: gradients) { n, gradient in
            if n == weights.count { gradient.add(whole) }
        }
    }

    private var lossOptions: ClassifierLoss.Options {
        .init(
            crossEntropy: CrossEntropy(
                smoothing: Float(objective.labelSmoothing),
                teacherWeight: Float(objective.selfDistillation), allowed: network.allowedCount),
            firstTeaches: objective.selfDistillation > 0)
    }
}

// MARK: - Heads

extension PieceGradient {
    /// Runs the objective's heads against their oracles.
    ///
    /// - Returns: gradients of h^n by n, where heads reach the network.
    private func runHeads(
        _ piece: Piece, _ record: ExitRecord, _ share: Share, _ gradients: ParameterVector?,
        _ result: inout PassResult
    ) -> [Int: Matrix] {
        let reaches = gradients != nil && objective.trainsNetwork && objective.headsReachNetwork
        var reached: [Int: Matrix] = [:]
        func target(_ n: Int) -> Matrix? {
            guard reaches else { return nil }
            if let matrix = reached[n] { return matrix }
            let matrix = Matrix(rows: record.rows, columns: network.configuration.width)
            reached[n] = matrix
            return matrix
        }
        guard share.headsLearn else { return [:] }
        for (index, head) in objective.heads.enumerated() {
            let oracle = ExitOracle(head.oracle, lambda: head.lambda, sigma: head.sigma)
            let sentences = piece.targetRanges.map { record.sentence($0, targets: piece.targetIDs) }
            let perToken = objective.headWeight / Double(share.batchTokens)
            var sum = 0.0
            switch head.head {
            case .sequence:
                let exits = sentences.map(oracle.sequenceExit)
                let perSentence = objective.headWeight / Double(share.batchSentences)
                sum = runSequenceHead(
                    piece, exits, scale: perSentence, gradients, reaches: reaches)
                result.objective += sum * perSentence
                result.countOracle(index, exits)
            case .tokenMultinomial:
                guard let weights = network.multinomialHead else { continue }
                let exits = sentences.flatMap(oracle.tokenExits)
                sum = HeadLoss.softmax(
                    weights, pass.states[1], exits: exits, scale: Float(perToken),
                    .init(gradients: gradients, states: target(1)))
                result.objective += sum * perToken
                result.countOracle(index, exits)
            case .tokenGeometric:
                guard let weights = network.geometricHead else { continue }
                let labels = stopLabels(sentences, oracle, index, &result)
                for n in 1..<self.weights.count {
                    sum += HeadLoss.stop(
                        weights, exit: (n, pass.states[n]), labels: labels[n - 1],
                        scale: Float(perToken), .init(gradients: gradients, states: target(n)))
                }
                result.objective += sum * perToken
            }
            result.heads[index] += sum
        }
        return reached
    }

    private func runSequenceHead(
        _ piece: Piece, _ exits: [Int], scale: Double, _ gradients: ParameterVector?,
        reaches: Bool
    ) -> Double {
        guard let head = network.sequenceHead else { return 0 }
        let d = network.configuration.width
        let means = Matrix(rows: exits.count, columns: d)
        for (index, range) in piece.sourceRanges.enumerated() {
            for row in range {
                means.addRow(
                    index, pass.source, otherRow: row, scale: 1 / Float(range.count))
            }
        }
        let meanGradients = reaches ? Matrix(rows: exits.count, columns: d) : nil
        let sum = HeadLoss.softmax(
            head, means, exits: exits, scale: Float(scale),
            .init(gradients: gradients, states: meanGradients))
        if let meanGradients {
            let spread = Matrix(rows: pass.source.rows, columns: d)
            for (index, range) in piece.sourceRanges.enumerated() {
                for row in range {
                    spread.addRow(
                        row, meanGradients, otherRow: index, scale: 1 / Float(range.count))
                }
            }
            sequenceGradient = spread
        }
        return sum
    }

    /// For each exit below the last and each row: 1 to stop, 0 to go on, nil where it does not count.
    private func stopLabels(
        _ sentences: [ExitOracle.Sentence], _ oracle: ExitOracle, _ index: Int,
        _ result: inout PassResult
    ) -> [[Double?]] {
        let layerCount = weights.count
        guard oracle.oracle != .agreement else {
            let agreements = sentences.map(ExitOracle.agreement)
            return (0..<layerCount - 1).map { exit in
                agreements.flatMap { $0[exit].map { $0 ? 1 : 0 } }
            }
        }
        let exits = sentences.flatMap(oracle.tokenExits)
        result.countOracle(index, exits)
        return (1..<layerCount).map { n in
            exits.map { $0 < n ? nil : ($0 == n ? 1 : 0) }
        }
    }
}

extension PassResult {
    fileprivate mutating func countOracle(_ index: Int, _ exits: [Int]) {
        oracleExits[index] += exits.reduce(0, +)
        oracleCounts[index] += exits.count
    }
}

extension PassResult.Exit {
    fileprivate mutating func add(_ row: CrossEntropy.Loss, target: Int) {
        loss += Double(row.loss)
        negativeLogLikelihood -= Double(row.logProbability)
        correct += row.best == target ? 1 : 0
        count += 1
    }
}

extension Objective {
    /// The weight of each exit's mean loss; all zero where the network does not learn.
    func exitWeights(_ count: Int) -> [Double] {
        switch decoder {
        case .aligned(let weights, _): weights.values(count)
        case .mixed: Array(repeating: 1 / Double(count), count: count)
        case .baseline: (1...count).map { $0 == count ? 1 : 0 }
        case .frozen: Array(repeating: 0, count: count)
        }
    }

    var gradientScaling: Float {
        guard case .aligned(_, let scaling) = decoder else { return 1 }
        return Float(scaling)
    }
}
