import Tensor
import TensorTraining

/// The loss of exits over the whole vocabulary: projection, softmax, smoothing and gradient of a block
/// of rows at a time.
///
/// A block holds the rows of some positions at every exit that shares a classifier, so that the
/// weights of the classifier and their gradient are gone through once for all of them.
final class ClassifierLoss {
    private let inputs: Matrix  // [block, d]
    private let inputGradient: Matrix  // [block, d]
    private let logits: Matrix  // [block, V]
    private let teacher: Matrix  // [positions of a block, V]
    private let scratch = WeightGradientScratch()
    private static let blockRows = 192

    init(width d: Int, vocabularySize V: Int) {
        inputs = Matrix(rows: 0, columns: d)
        inputGradient = Matrix(rows: 0, columns: d)
        logits = Matrix(rows: 0, columns: V)
        teacher = Matrix(rows: 0, columns: V)
    }

    /// The rows of one exit.
    struct Exit {
        /// n, counted from 1.
        let layer: Int
        let classifier: TrainableLinear
        /// h^n, [positions, d].
        let states: Matrix
        /// Positions that are asked, ascending.
        let rows: [Int]
        /// Receives the gradient of the rows of `states` that are asked; nil where none is wanted.
        let gradient: Matrix?
        /// Factor of the gradient.
        let scale: Float
    }

    /// What all exits share.
    struct Options {
        let crossEntropy: CrossEntropy
        /// Whether the first exit given, which is asked at every position, teaches the others.
        let firstTeaches: Bool
    }

    /// Goes through the rows of all exits.
    ///
    /// - Parameters:
    ///   - exits: their rows.
    ///   - targets: y of each position.
    ///   - options: of the loss.
    ///   - gradients: receives those of the classifiers; nil where none are wanted.
    ///   - record: is told what each row of each exit gave.
    func run(
        _ exits: [Exit], targets: [Int], _ options: Options, gradients: ParameterVector?,
        record: (_ layer: Int, _ row: Int, CrossEntropy.Loss) -> Void
    ) {
        let groups = Self.groups(exits)
        let positions = Self.positionsOfBlock(exits, groups, count: targets.count)
        var starts = exits.map { _ in 0 }
        for first in stride(from: 0, to: targets.count, by: positions) {
            teacher.resize(rows: min(positions, targets.count - first))
            for group in groups {
                let rows = group.flatMap { index in
                    let part = exits[index].rows[starts[index]...].prefix { $0 < first + positions }
                    starts[index] += part.count
                    return part.map { Row(exit: index, position: $0) }
                }
                run(rows, of: exits, from: first, targets, options, record)
                if let gradients { propagate(rows, of: exits, to: gradients) }
            }
        }
    }

    /// A position at one of the exits.
    private struct Row {
        let exit: Int
        let position: Int
    }

    /// Indices of exits whose rows go through one product: those with the same classifier, as far as
    /// gradients of all or of none are wanted; in the order of the exits.
    private static func groups(_ exits: [Exit]) -> [[Int]] {
        exits.indices.reduce(into: []) { groups, index in
            let exit = exits[index]
            let own = groups.firstIndex { group in
                exits[group[0]].classifier === exit.classifier
                    && (exits[group[0]].gradient == nil) == (exit.gradient == nil)
            }
            if let own { groups[own].append(index) } else { groups.append([index]) }
        }
    }

    /// So many positions that a block has about `blockRows` rows of the largest group.
    private static func positionsOfBlock(
        _ exits: [Exit], _ groups: [[Int]], count: Int
    ) -> Int {
        let most = groups.map { group in
            (group.reduce(0) { $0 + exits[$1].rows.count } + count - 1) / max(count, 1)
        }.max()
        return max(blockRows / max(most ?? 1, 1), 1)
    }

    /// Projection and loss; `logits` then holds the gradient of the logits.
    private func run(
        _ rows: [Row], of exits: [Exit], from first: Int, _ targets: [Int], _ options: Options,
        _ record: (_ layer: Int, _ row: Int, CrossEntropy.Loss) -> Void
    ) {
        guard let classifier = rows.first.map({ exits[$0.exit].classifier }) else { return }
        inputs.resize(rows: rows.count)
        logits.resize(rows: rows.count)
        for (index, row) in rows.enumerated() {
            inputs.copyRow(index, from: exits[row.exit].states, sourceRow: row.position)
        }
        classifier.linear.apply(inputs, rows: 0..<rows.count, into: logits)
        for (index, row) in rows.enumerated() {
            let shared = options.firstTeaches ? (teacher, row.position - first) : nil
            let loss = options.crossEntropy.apply(
                (logits, index), target: targets[row.position], scale: exits[row.exit].scale,
                teacher: row.exit > 0 ? shared : nil,
                probabilities: row.exit == 0 ? shared : nil)
            record(exits[row.exit].layer, row.position, loss)
        }
    }

    /// Gradients of states and classifier.
    private func propagate(_ rows: [Row], of exits: [Exit], to gradients: ParameterVector) {
        guard let first = rows.first.map({ exits[$0.exit] }), first.gradient != nil else { return }
        inputGradient.resize(rows: rows.count)
        first.classifier.gradient(logits, rows: 0..<rows.count, into: inputGradient)
        for (index, row) in rows.enumerated() {
            exits[row.exit].gradient?.copyRow(
                row.position, from: inputGradient, sourceRow: index)
        }
        first.classifier.addGradients(logits, inputs, rows: 0..<rows.count, to: gradients, scratch)
    }
}
