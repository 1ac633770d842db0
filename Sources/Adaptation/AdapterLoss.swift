import Checkpoint
import Glibc
import Tensor
import TensorTraining
import TranslationModel

/// The losses of adapters and stop heads and their gradients.
///
/// An exit learns the last exit's distribution, and its stop head whether both give the same id. Belongs to one thread.
final class AdapterLoss: ExitLoss {
    private let model: TranslationModel
    private let teacher: TeacherLoss
    private let stopLogits: Matrix  // [block, 1]
    private let exits: [ExitScratch]
    private let gradientScratch = WeightGradientScratch()

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
        self.model = model
        teacher = TeacherLoss(model, transposed: transposed)
        stopLogits = Matrix(rows: 0, columns: 1)
        exits = (1..<model.decoderLayerCount).map { _ in
            ExitScratch(width: model.configuration.width)
        }
    }

    func run(
        _ reader: StateReader, _ adapters: AdapterParameters, gradients: ParameterVector?,
        scale: Float, key: UInt64
    ) -> ExitComparison {
        var sums = ExitComparison(exits: exits.count)
        let block = max(TeacherLoss.blockRows / (exits.count + 1), 1)
        for first in stride(from: 0, to: reader.rows.count, by: block) {
            let rows = reader.rows[first..<min(first + block, reader.rows.count)]
            forward(reader.states, rows, adapters)
            let agreeing = teacher.compare(
                reader.states[exits.count], rows, exits.map(\.output), scale: scale, &sums)
            for (index, exit) in adapters.exits.enumerated() {
                stop(exit, exits[index], agreeing[index], gradients, scale, &sums.exits[index])
            }
            if let gradients { backward(rows.count, adapters, gradients) }
        }
        return sums
    }

    /// Makes of the states of a block what the classifier and the heads read.
    private func forward(
        _ states: [Matrix], _ rows: ArraySlice<Int>, _ adapters: AdapterParameters
    ) {
        let count = rows.count
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
        teacher.gradients(into: exits.map(\.output))
        for (exit, own) in zip(exits, adapters.exits) {
            own.norm.gradient(exit.output, of: exit.product, into: exit.output, to: gradients)
            own.map.addGradients(
                exit.output, exit.hidden, rows: 0..<count, to: gradients, gradientScratch)
        }
    }
}
