import Glibc
import Tensor
import TranslationModel

/// One step of the batch while it climbs the layers: what is known of each row.
struct StepRun {
    /// What is known of a row.
    struct Row {
        let rule: ExitRule
        var depth: Int?
        let continuationCount: Int
        let bannedID: Int?
        var outcome = RowOutcome()
        /// False where the classifier gave something that is not a number.
        var isFinite = true

        /// Keeps the continuations that the classifier gives.
        mutating func take(_ top: LogitRow.Top, of logits: LogitRow, exitLayer: Int) {
            isFinite = top.logProbability.isFinite
            outcome.exitLayer = exitLayer
            if continuationCount == 1 {
                outcome.continuations = [(top.id, top.logProbability)]
            } else {
                logits.subtract(top.logSumExp)
                outcome.continuations = logits.best(continuationCount)
            }
        }
    }

    /// In the order of the sentences and of their live hypotheses.
    private(set) var rows: [Row] = []

    init(_ sentences: [Sentence], endOfSentence: Int) {
        for sentence in sentences {
            let bannedID = sentence.search.bansEndOfSentence ? endOfSentence : nil
            rows += sentence.search.live.map { hypothesis in
                Row(
                    rule: sentence.rule, depth: sentence.givenExit(hypothesis) ?? sentence.depth,
                    continuationCount: sentence.search.continuationCount, bannedID: bannedID)
            }
        }
    }

    /// Finds out which active rows leave after layer `n`, takes their continuations, and makes them
    /// leave the step.
    mutating func decide(after n: Int, _ step: DecoderStep) {
        var asked = AskedRows(rows, step.active, n)
        answerMultinomial(&asked, n, step)
        answerStopProbabilities(&asked, n, step)
        let leaving = classify(asked, n, step)
        step.leave(leaving)
    }

    /// Offsets into the active rows, by what has to be found out about them.
    private struct AskedRows {
        var leave: [Int] = []
        var multinomial: [Int] = []
        var stopProbability: [Int] = []
        var stopThresholds: [Double] = []
        /// Offset → threshold.
        var classifier: [Int: Double] = [:]

        init(_ rows: [Row], _ active: [Int], _ n: Int) {
            for (offset, index) in active.enumerated() {
                switch rows[index].rule.question(after: n, depth: rows[index].depth) {
                case .stay: break
                case .leave: leave.append(offset)
                case .askMultinomial: multinomial.append(offset)
                case .askStopProbability(let threshold):
                    stopProbability.append(offset)
                    stopThresholds.append(threshold)
                case .askClassifier(let threshold): classifier[offset] = threshold
                }
            }
        }
    }

    private mutating func answerMultinomial(_ asked: inout AskedRows, _ n: Int, _ step: DecoderStep)
    {
        guard !asked.multinomial.isEmpty else { return }
        let depths = step.multinomialDepths(asked.multinomial)
        for (offset, depth) in zip(asked.multinomial, depths) {
            let index = step.active[offset]
            let exit = rows[index].rule.clamp(depth)
            rows[index].depth = exit
            if n >= exit { asked.leave.append(offset) }
        }
    }

    private func answerStopProbabilities(
        _ asked: inout AskedRows, _ n: Int, _ step: DecoderStep
    ) {
        guard !asked.stopProbability.isEmpty else { return }
        let logits = step.stopLogits(asked.stopProbability, after: n)
        for (index, offset) in asked.stopProbability.enumerated()
        where sigmoid(Double(logits[index])) > asked.stopThresholds[index] {
            asked.leave.append(offset)
        }
    }

    /// One product with the classifier for the rows that leave and those whose confidence decides.
    ///
    /// - Returns: offsets of the rows that leave, ascending.
    private mutating func classify(_ asked: AskedRows, _ n: Int, _ step: DecoderStep) -> [Int] {
        let offsets = (asked.leave + asked.classifier.keys).sorted()
        guard !offsets.isEmpty else { return [] }
        step.classify(offsets, after: n)
        var leaving: [Int] = []
        for (row, offset) in offsets.enumerated() {
            let index = step.active[offset]
            let logits = LogitRow(step.logits, row: row)
            if let banned = rows[index].bannedID { logits.ban(banned) }
            let top = logits.top()
            let threshold = asked.classifier[offset] ?? -.infinity
            // What is not a number leaves here, too: nothing above would mend it.
            guard exp(Double(top.logProbability)) >= threshold || !top.logProbability.isFinite
            else { continue }
            rows[index].take(top, of: logits, exitLayer: n)
            leaving.append(offset)
        }
        return leaving
    }
}
