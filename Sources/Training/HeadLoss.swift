import Glibc
import Tensor
import TensorTraining

/// Losses of exit heads and their gradients, all rows at once; N is the number of exits.
enum HeadLoss {
    /// Cross-entropy of softmax(W·x + b) with one exit for each row.
    ///
    /// - Parameters:
    ///   - head: [N, d].
    ///   - states: x, [rows, d].
    ///   - exits: 1 … N for each row.
    ///   - scale: of the gradient.
    ///   - way: gradients of the head, and where that of `states` is added, if anywhere.
    /// - Returns: the sum over rows.
    static func softmax(
        _ head: TrainableLinear, _ states: Matrix, exits: [Int], scale: Float, _ way: Way
    ) -> Double {
        let logits = Matrix(rows: states.rows, columns: head.linear.outputs)
        head.linear.apply(states, rows: 0..<states.rows, into: logits)
        let crossEntropy = CrossEntropy(
            smoothing: 0, teacherWeight: 0, allowed: head.linear.outputs)
        var sum = 0.0
        for (row, exit) in exits.enumerated() {
            sum += Double(
                crossEntropy.apply((logits, row), target: exit - 1, scale: scale).loss)
        }
        way.propagate(head, logits, states)
        return sum
    }

    /// Where gradients go.
    struct Way {
        let gradients: ParameterVector?
        /// That of the states is added here; nil where the heads do not reach the network.
        let states: Matrix?

        func propagate(_ head: TrainableLinear, _ logits: Matrix, _ input: Matrix) {
            guard let gradients else { return }
            let rows = 0..<input.rows
            head.addGradients(logits, input, rows: rows, to: gradients)
            if let states { head.gradient(logits, rows: rows, into: states, adding: states) }
        }
    }

    /// −log q(n*) of the geometric heads: the share of exit n, which stands below the last.
    ///
    /// - Parameters:
    ///   - head: [N − 1, d], of which row n − 1 is applied to h^n.
    ///   - exit: n and its states.
    ///   - labels: for each row 1 to stop here, 0 to go on, nil where the row does not count.
    ///   - scale: of the gradient.
    ///   - way: gradients of the head, and where that of the states is added, if anywhere.
    /// - Returns: the sum of binary cross-entropies over the rows that count.
    static func stop(
        _ head: TrainableLinear, exit: (layer: Int, states: Matrix), labels: [Double?],
        scale: Float, _ way: Way
    ) -> Double {
        let states = exit.states
        let logits = Matrix(rows: states.rows, columns: head.linear.outputs)
        let slopes = Matrix(rows: states.rows, columns: head.linear.outputs)
        head.linear.apply(states, rows: 0..<states.rows, into: logits)
        var sum = 0.0
        for (row, label) in labels.enumerated() {
            guard let label else { continue }
            let z = Double(logits[row, exit.layer - 1])
            // −y log σ(z) − (1 − y) log(1 − σ(z)) = softplus(z) − y z
            sum += (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))) - label * z
            slopes[row, exit.layer - 1] = Float(1 / (1 + exp(-z)) - label) * scale
        }
        way.propagate(head, slopes, states)
        return sum
    }
}
