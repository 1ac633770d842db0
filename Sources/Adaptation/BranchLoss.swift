import Checkpoint
import Tensor
import TensorTraining
import Training
import TranslationModel

extension TrainableBranch: FittedParameters {
    var vector: ParameterVector { parameters }
    var exitCount: Int { 1 }
}

/// The loss of a side branch and its gradients: it learns the last exit's distribution along full depth's outputs.
///
/// Belongs to one thread.
final class BranchLoss: ExitLoss {
    private let model: TranslationModel
    private let teacher: TeacherLoss
    private let dropout: Double
    private let read: Matrix  // [block, d]
    private let gradient: Matrix  // [rows, d]
    /// Of the branches that were compared.
    private var passes: [(branch: TrainableBranch, pass: BranchPass)] = []

    /// - Parameters:
    ///   - model: the network.
    ///   - transposed: the map that leads back through its classifier, shared by all threads.
    ///   - dropout: share of elements that the branch drops while it learns.
    init(_ model: TranslationModel, transposed: Linear, dropout: Double) {
        self.model = model
        self.dropout = dropout
        teacher = TeacherLoss(model, transposed: transposed)
        read = Matrix(rows: 0, columns: model.configuration.width)
        gradient = Matrix(rows: 0, columns: model.configuration.width)
    }

    func run(
        _ reader: StateReader, _ branch: TrainableBranch, gradients: ParameterVector?,
        scale: Float, key: UInt64
    ) -> ExitComparison {
        var sums = ExitComparison(exits: 1)
        let pass = pass(branch)
        let states = pass.forward(reader.sentences, key: gradients == nil ? nil : key) { input in
            model.embedTargets(reader.inputs, into: input)
        }
        gradient.resize(rows: states.rows)
        gradient.clear()
        let block = TeacherLoss.blockRows / 2
        for first in stride(from: 0, to: reader.rows.count, by: block) {
            let rows = reader.rows[first..<min(first + block, reader.rows.count)]
            read.resize(rows: rows.count)
            for (place, row) in rows.enumerated() {
                read.copyRow(place, from: states, sourceRow: row)
            }
            _ = teacher.compare(
                reader.states[reader.states.count - 1], rows, [read], scale: scale, &sums)
            guard gradients != nil else { continue }
            teacher.gradients(into: [read])
            for (place, row) in rows.enumerated() {
                gradient.copyRow(row, from: read, sourceRow: place)
            }
        }
        if let gradients { pass.backward(gradient, to: gradients) }
        return sums
    }

    private func pass(_ branch: TrainableBranch) -> BranchPass {
        if let known = passes.first(where: { $0.branch === branch }) { return known.pass }
        let new = BranchPass(branch, dropout: dropout)
        passes.append((branch, new))
        return new
    }
}
