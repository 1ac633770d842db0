import Tensor
import TensorTraining

/// The loss of exits over the whole vocabulary: projection, softmax, smoothing and gradient of a few
/// rows at a time, so that their logits stay in cache.
final class ClassifierLoss {
    private let logits: Matrix  // [block, V]
    private let teacher: Matrix  // [block, V]
    private static let blockRows = 48

    init(vocabularySize V: Int) {
        logits = Matrix(rows: Self.blockRows, columns: V)
        teacher = Matrix(rows: Self.blockRows, columns: V)
    }

    /// The rows of one exit.
    struct Exit {
        /// n, counted from 1.
        let layer: Int
        let classifier: TrainableLinear
        /// h^n, [rows, d].
        let states: Matrix
        /// Receives the gradient of `states`; nil where none is wanted.
        let gradient: Matrix?
        /// Factor of the gradient.
        let scale: Float
    }

    /// What all exits share.
    struct Options {
        let crossEntropy: CrossEntropy
        /// Whether the first exit given teaches the others.
        let firstTeaches: Bool
    }

    /// Goes through the rows of all exits.
    ///
    /// - Parameters:
    ///   - exits: their rows, the same positions in each.
    ///   - targets: y of each row.
    ///   - options: of the loss.
    ///   - gradients: receives those of the classifiers; nil where none are wanted.
    ///   - record: is told what each row of each exit gave.
    func run(
        _ exits: [Exit], targets: [Int], _ options: Options, gradients: ParameterVector?,
        record: (_ layer: Int, _ row: Int, CrossEntropy.Loss) -> Void
    ) {
        for first in stride(from: 0, to: targets.count, by: Self.blockRows) {
            let rows = first..<min(first + Self.blockRows, targets.count)
            for (index, exit) in exits.enumerated() {
                exit.classifier.linear.apply(exit.states, rows: rows, into: logits)
                for row in rows {
                    let local = row - first
                    let teaches = options.firstTeaches && index == 0
                    let learns = options.firstTeaches && index > 0
                    let loss = options.crossEntropy.apply(
                        (logits, local), target: targets[row], scale: exit.scale,
                        teacher: learns ? (teacher, local) : nil,
                        probabilities: teaches ? (teacher, local) : nil)
                    record(exit.layer, row, loss)
                }
                guard let gradients, let gradient = exit.gradient else { continue }
                exit.classifier.gradient(logits, rows: 0..<rows.count, into: gradient, at: first)
                exit.classifier.addGradients(logits, exit.states, rows: rows, to: gradients)
            }
        }
    }
}
