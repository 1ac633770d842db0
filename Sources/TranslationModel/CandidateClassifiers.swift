import Tensor

/// The classifiers of a model over the few ids that a sentence's tokens are chosen from.
///
/// A logit is the one that the whole classifier gives, to the bit. The rows of these ids are copied once a sentence and lie side by side: a step reads C · d weights
/// in the place of V · d.
final class CandidateClassifiers {
    /// C target ids, ascending.
    let ids: [Int]
    private let all: ExitClassifiers
    /// Those that were asked for, with what they were taken from.
    private var made: [(whole: Projection, part: Projection)] = []

    /// - Parameters:
    ///   - ids: ascending, at least one.
    ///   - all: the model's.
    init(_ ids: [Int], of all: ExitClassifiers) {
        self.ids = ids
        self.all = all
    }

    /// The classifier after layer `n`, 1 … N, whose output i is the logit of `ids[i]`.
    subscript(n: Int) -> Projection {
        let whole = all[n]
        if let known = made.first(where: { $0.whole === whole }) { return known.part }
        let part = whole.selecting(ids)
        made.append((whole, part))
        return part
    }
}
