import Checkpoint
import Glibc
import Tensor
import TensorTraining
import TranslationModel

/// How the exits of some outputs compare with the last one.
public struct ExitComparison: Sendable, Equatable {
    /// One exit below the last.
    public struct Exit: Sendable, Equatable {
        /// Σ over the tokens of −Σ_y p_N(y) log p_n(y).
        public var crossEntropy = 0.0
        /// Tokens on which the exit's best id is the last exit's.
        public var agreeing = 0
        /// Σ over the tokens of the stop head's binary cross-entropy.
        public var stopLoss = 0.0
    }

    /// Exits 1 … N − 1.
    public var exits: [Exit]
    /// Target tokens.
    public var tokens = 0

    init(exits count: Int) { exits = Array(repeating: Exit(), count: count) }

    /// The share of tokens on which each exit agrees with the last, 0 … 1.
    public var agreement: [Double] { exits.map { Double($0.agreeing) / Double(max(tokens, 1)) } }

    /// What is minimised: the sum over the exits of both losses, a token.
    public var loss: Double {
        exits.reduce(0) { $0 + $1.crossEntropy + $1.stopLoss } / Double(max(tokens, 1))
    }

    static func += (sum: inout ExitComparison, other: ExitComparison) {
        for (index, exit) in other.exits.enumerated() {
            sum.exits[index].crossEntropy += exit.crossEntropy
            sum.exits[index].agreeing += exit.agreeing
            sum.exits[index].stopLoss += exit.stopLoss
        }
        sum.tokens += other.tokens
    }
}

/// The losses of all exits over the whole vocabulary and their gradients, a block of positions at a time.
///
/// An exit learns the last exit's distribution, and its stop head whether both give the same id. The network gets no gradient. A block
/// holds all exits of some positions, so that the classifier is read once for all of them. Belongs to one thread.
final class AdapterLoss {
    private let model: TranslationModel
    private let transposed: Linear
    private let input: ProjectionInput
    private let last: Matrix  // [block, d]
    private let inputs: Matrix  // [block · N, d], the last exit's rows first
    private let inputGradients: Matrix  // [block · (N − 1), d]
    private let logits: Matrix  // [block · N, V]
    private let teacher: Matrix  // [block, V]
    private let stopLogits: Matrix  // [block, 1]
    private let exits: [ExitScratch]
    private let gradientScratch = WeightGradientScratch()
    private let crossEntropy: CrossEntropy
    private static let blockRows = 192

    /// What one exit's rows go through.
    private struct ExitScratch {
        let hidden: Matrix
        let product: Matrix
        let output: Matrix
        let read: Matrix

        init(width d: Int) {
            hidden = Matrix(rows: 0, columns: d)
            product = Matrix(rows: 0, columns: d)
            output = Matrix(rows: 0, columns: d)
            read = Matrix(rows: 0, columns: d)
        }

        func resize(rows: Int) {
            for matrix in [hidden, product, output, read] { matrix.resize(rows: rows) }
        }
    }

    /// - Parameters:
    ///   - model: the network.
    ///   - transposed: the map that leads back through its classifier, shared by all threads.
    init(_ model: TranslationModel, transposed: Linear) {
        let c = model.configuration
        let d = c.width
        self.model = model
        self.transposed = transposed
        input = ProjectionInput(columns: d, precision: model.precision)
        last = Matrix(rows: 0, columns: d)
        inputs = Matrix(rows: 0, columns: d)
        inputGradients = Matrix(rows: 0, columns: d)
        logits = Matrix(rows: 0, columns: c.targetVocabularySize)
        teacher = Matrix(rows: 0, columns: c.targetVocabularySize)
        stopLogits = Matrix(rows: 0, columns: 1)
        exits = (1..<model.decoderLayerCount).map { _ in ExitScratch(width: d) }
        crossEntropy = CrossEntropy(
            smoothing: 0, teacherWeight: 1,
            allowed: c.targetVocabularySize - Set(c.bannedIDs).count)
    }

    /// Compares the exits of some positions.
    ///
    /// - Parameters:
    ///   - reader: the states, and the rows that count.
    ///   - adapters: what the exits have.
    ///   - gradients: those of `adapters` are added here; nil where none are wanted.
    ///   - scale: of the gradients.
    /// - Returns: sums over the positions.
    func run(
        _ reader: StateReader, _ adapters: AdapterParameters, gradients: ParameterVector?,
        scale: Float
    ) -> ExitComparison {
        var sums = ExitComparison(exits: exits.count)
        let block = max(Self.blockRows / (exits.count + 1), 1)
        for first in stride(from: 0, to: reader.rows.count, by: block) {
            let rows = reader.rows[first..<min(first + block, reader.rows.count)]
            forward(reader.states, rows, adapters)
            let agreeing = compare(rows.count, scale, &sums)
            for (index, exit) in adapters.exits.enumerated() {
                stop(exit, exits[index], agreeing[index], gradients, scale, &sums.exits[index])
            }
            if let gradients { backward(rows.count, adapters, gradients) }
            sums.tokens += rows.count
        }
        return sums
    }

    /// Brings the states of a block to the classifier and through it.
    private func forward(
        _ states: [Matrix], _ rows: ArraySlice<Int>, _ adapters: AdapterParameters
    ) {
        let count = rows.count
        inputs.resize(rows: count * (exits.count + 1))
        logits.resize(rows: inputs.rows)
        for (index, exit) in exits.enumerated() {
            exit.resize(rows: count)
            for (place, row) in rows.enumerated() {
                exit.hidden.copyRow(place, from: states[index], sourceRow: row)
            }
            exit.read.copyRows(from: exit.hidden)
            model.normalizeEnds(of: exit.read)
            adapters.exits[index].map.linear.apply(
                exit.hidden, rows: 0..<count, into: exit.product)
            adapters.exits[index].norm.apply(exit.product, into: exit.output)
        }
        last.resize(rows: count)
        for (place, row) in rows.enumerated() {
            last.copyRow(place, from: states[exits.count], sourceRow: row)
        }
        model.normalizeEnds(of: last)
        for (index, read) in ([last] + exits.map(\.output)).enumerated() {
            for place in 0..<count {
                inputs.copyRow(index * count + place, from: read, sourceRow: place)
            }
        }
        input.set(inputs, rows: inputs.rows)
        model.lastClassifier.apply(input, into: logits)
    }

    /// Makes logits gradients of the exits' losses.
    ///
    /// - Returns: for each exit whether it agrees with the last one, position by position.
    private func compare(_ count: Int, _ scale: Float, _ sums: inout ExitComparison) -> [[Bool]] {
        teacher.resize(rows: count)
        let end = model.configuration.endOfSentenceID
        let bests = (0..<count).map { row in
            crossEntropy.apply(
                (logits, row), target: end, scale: 0, probabilities: (teacher, row)
            ).best
        }
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

    /// The stop head of an exit: −y log σ(z) − (1 − y) log(1 − σ(z)) = softplus(z) − y z.
    private func stop(
        _ exit: AdapterParameters.Exit, _ scratch: ExitScratch, _ labels: [Bool],
        _ gradients: ParameterVector?, _ scale: Float, _ sums: inout ExitComparison.Exit
    ) {
        stopLogits.resize(rows: labels.count)
        let rows = 0..<labels.count
        exit.stop.linear.apply(scratch.read, rows: rows, into: stopLogits)
        for (row, label) in labels.enumerated() {
            let z = Double(stopLogits[row, 0])
            let y = label ? 1.0 : 0
            sums.stopLoss += (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))) - y * z
            stopLogits[row, 0] = Float(1 / (1 + exp(-z)) - y) * scale
        }
        guard let gradients else { return }
        exit.stop.addGradients(stopLogits, scratch.read, rows: rows, to: gradients, gradientScratch)
    }

    /// The way back from the logits to the adapters.
    private func backward(
        _ count: Int, _ adapters: AdapterParameters, _ gradients: ParameterVector
    ) {
        inputGradients.resize(rows: count * exits.count)
        transposed.apply(logits, rows: count..<logits.rows, into: inputGradients)
        for (index, exit) in exits.enumerated() {
            let own = adapters.exits[index]
            for place in 0..<count {
                exit.output.copyRow(place, from: inputGradients, sourceRow: index * count + place)
            }
            own.norm.gradient(exit.output, of: exit.product, into: exit.output, to: gradients)
            own.map.addGradients(
                exit.output, exit.hidden, rows: 0..<count, to: gradients, gradientScratch)
        }
    }
}
