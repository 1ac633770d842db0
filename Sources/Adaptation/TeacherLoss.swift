import Checkpoint
import Tensor
import TensorTraining
import TranslationModel

/// The cross-entropy of exits to the last one over the whole vocabulary, a block of positions at a time, and its gradients.
///
/// A block holds all exits of some positions, so that the classifier is read once for all of them. The network gets no gradient. Belongs to
/// one thread.
final class TeacherLoss {
    /// Rows of a block, those of all exits together.
    static let blockRows = 192

    private let model: TranslationModel
    private let transposed: Linear
    private let input: ProjectionInput
    private let last: Matrix  // [block, d]
    private let inputs: Matrix  // [block · (1 + exits), d], the last exit's rows first
    private let inputGradients: Matrix  // [block · exits, d]
    private let logits: Matrix  // [block · (1 + exits), V]
    private let teacher: Matrix  // [block, V]
    private let crossEntropy: CrossEntropy

    /// - Parameters:
    ///   - model: the network.
    ///   - transposed: the map that leads back through its classifier, shared by all threads.
    init(_ model: TranslationModel, transposed: Linear) {
        let c = model.configuration
        self.model = model
        self.transposed = transposed
        input = ProjectionInput(columns: c.width, precision: model.precision)
        last = Matrix(rows: 0, columns: c.width)
        inputs = Matrix(rows: 0, columns: c.width)
        inputGradients = Matrix(rows: 0, columns: c.width)
        logits = Matrix(rows: 0, columns: c.targetVocabularySize)
        teacher = Matrix(rows: 0, columns: c.targetVocabularySize)
        crossEntropy = CrossEntropy(
            smoothing: 0, teacherWeight: 1,
            allowed: c.targetVocabularySize - Set(c.bannedIDs).count)
    }

    /// Compares exits with the last one.
    ///
    /// - Parameters:
    ///   - states: h^N of the sentences, as the last layer left it.
    ///   - rows: the block's rows of it.
    ///   - exits: what the classifier is to read of these rows, [block, d] for each exit.
    ///   - scale: of the gradients.
    ///   - sums: the losses are added, and how many agree.
    /// - Returns: for each exit whether it agrees with the last one, position by position.
    func compare(
        _ states: Matrix, _ rows: ArraySlice<Int>, _ exits: [Matrix], scale: Float,
        _ sums: inout ExitComparison
    ) -> [[Bool]] {
        let count = rows.count
        last.resize(rows: count)
        for (place, row) in rows.enumerated() {
            last.copyRow(place, from: states, sourceRow: row)
        }
        model.normalizeEnds(of: last)
        inputs.resize(rows: count * (exits.count + 1))
        for (index, read) in ([last] + exits).enumerated() {
            for place in 0..<count {
                inputs.copyRow(index * count + place, from: read, sourceRow: place)
            }
        }
        logits.resize(rows: inputs.rows)
        input.set(inputs, rows: inputs.rows)
        model.lastClassifier.apply(input, into: logits)
        teacher.resize(rows: count)
        let end = model.configuration.endOfSentenceID
        let bests = (0..<count).map { row in
            crossEntropy.apply(
                (logits, row), target: end, scale: 0, probabilities: (teacher, row)
            ).best
        }
        sums.tokens += count
        return exits.indices.map { index in
            (0..<count).map { place in
                let loss = crossEntropy.apply(
                    (logits, (index + 1) * count + place), target: bests[place], scale: scale,
                    teacher: (teacher, place))
                sums.exits[index].crossEntropy += Double(loss.loss)
                sums.exits[index].agreeing += loss.best == bests[place] ? 1 : 0
                return loss.best == bests[place]
            }
        }
    }

    /// The gradients of what the classifier read of the exits that were compared last.
    ///
    /// - Parameter exits: for each a matrix that receives [block, d].
    func gradients(into exits: [Matrix]) {
        let count = teacher.rows
        inputGradients.resize(rows: count * exits.count)
        transposed.apply(logits, rows: count..<logits.rows, into: inputGradients)
        for (index, exit) in exits.enumerated() {
            for place in 0..<count {
                exit.copyRow(place, from: inputGradients, sourceRow: index * count + place)
            }
        }
    }
}
