import Evaluation

/// Chooses, among the outputs for a text, what a student is to learn: the output that is closest to the reference (sequence-level
/// interpolation: Kim and Rush, 2016, section 3.3), or the reference where none is close.
struct ReferenceChoice {
    /// The least chrF of an output that is taken, 0 to 100.
    let least: Double
    private(set) var counts = Counts()

    /// What was taken.
    struct Counts {
        var texts = 0
        /// Outputs that were not the model's best.
        var others = 0
        var references = 0
    }

    /// Takes what is `least` or better.
    init(least: Double) {
        self.least = least
    }

    /// The output to take; of equal ones the first.
    mutating func choose(_ outputs: [String], reference: String) -> String {
        let metric = ChrF()
        counts.texts += 1
        var best = (index: 0, score: -1.0)
        for (index, output) in outputs.enumerated() {
            let score = metric.score(metric.statistics(hypothesis: output, reference: reference))
            if score > best.score { best = (index, score) }
        }
        if outputs.isEmpty || best.score < least {
            counts.references += 1
            return reference
        }
        if best.index > 0 { counts.others += 1 }
        return outputs[best.index]
    }
}
