/// Why training cannot go on.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The loss or the norm of the gradient is no finite number.
    case diverged(step: Int, loss: Double, gradientNorm: Double)
    /// No sentence is left to train on.
    case emptyCorpus
    /// One sentence alone is longer than a batch may be.
    case batchTooSmall(tokens: Int, longest: Int)
    /// So many exits cannot be sampled of the decoder's; `layers` is nil where nothing can be sampled,
    /// because training is not aligned or heads learn from every exit.
    case exitsNotSampled(Int, layers: Int?)

    /// What happened and what helps.
    public var description: String {
        switch self {
        case .diverged(let step, let loss, let norm):
            "step \(step): the loss is \(loss) and the norm of its gradient \(norm); nothing of this "
                + "step was kept: lower the learning rate or the clipping norm, or lengthen the warm-up"
        case .emptyCorpus:
            "no sentence pair is left to train on; the shortest must fit the model's positions"
        case .batchTooSmall(let tokens, let longest):
            "a batch of \(tokens) target tokens cannot hold the longest sentence, \(longest) tokens"
        case .exitsNotSampled(let count, .some(let layers)):
            "\(count) sampled exits of \(layers - 1) below the last; right would be at most "
                + "\(layers - 1), or 0 for all"
        case .exitsNotSampled(let count, nil):
            "\(count) sampled exits; right would be 0: only aligned training samples, and heads learn "
                + "from every exit"
        }
    }
}
