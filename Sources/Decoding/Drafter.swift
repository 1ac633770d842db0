import Checkpoint
import TranslationModel

/// Drafts tokens for the sentences of a batch, which the batch's next step then verifies (docs/speculative.md).
///
/// A draft is a step of its own through the layers below the exit that drafts. Its rows stay there; the verifying step takes them from
/// there on, so that nothing runs twice. Where the side branch drafts, the step is one of the branch, and the verifying step goes through
/// all layers.
struct Drafter {
    private var economics: DraftEconomics
    private let exit: Int?
    /// Weights that a draft reads, that passes up to layer 1, 2, and so on read, and those of no layers, of layer 1, and so on.
    private let bytes: (draft: Int, passes: [Int], lower: [Int])
    private let model: TranslationModel
    /// Of the side branch, where that drafts.
    private let branchStep: DecoderStep?
    private var drafting: [Sentence] = []
    private var rows: [DecoderRow] = []
    private var proposals: [DecoderStep.Proposal] = []
    /// The rows of a draft that propose.
    private var proposing: [Int] = []
    private var everyRow: [Int] = []
    /// Whether any sentence of the step may draft, so that there is something to measure.
    private var isSpeculating = false

    init(for model: TranslationModel) {
        self.model = model
        exit = model.draftExit
        branchStep = exit == 0 ? model.branch.map { DecoderStep(for: $0) } : nil
        let lower = (1..<model.decoderLayerCount).map { model.layerBytes(through: $0) }
        let passes = (1...model.decoderLayerCount).map { model.passBytes(through: $0) }
        bytes = (model.draftBytes, passes, [0] + lower)
        economics = DraftEconomics(
            draftShare: Double(model.draftBytes) / Double(model.passBytes))
    }

    /// Bytes of working memory of its own.
    var byteCount: Int { branchStep?.byteCount ?? 0 }

    /// Drafts as many tokens as pay for each sentence that may have some.
    mutating func draft(for sentences: [Sentence], _ step: DecoderStep) {
        drafting.removeAll(keepingCapacity: true)
        isSpeculating = false
        var rowCount = 0
        for sentence in sentences { rowCount += sentence.search.live.count }
        economics.begin(rows: rowCount)
        for sentence in sentences {
            sentence.beginDrafts()
            guard sentence.rule.policy.makesDrafts else { continue }
            isSpeculating = true
            sentence.takeExpected(&economics)
            guard let exit, exit < sentence.rule.bounds.upperBound else { continue }
            drafting.append(sentence)
        }
        keepWilling()
        while let exit, !drafting.isEmpty {
            propose(exit, step)
            for (sentence, proposal) in zip(drafting, proposals) {
                sentence.count.weightBytes += bytes.draft
                let isDraft = sentence.take(proposal, exit: exit, economics)
                if isDraft { economics.addRow() }
            }
            keepWilling()
        }
        for sentence in sentences where sentence.rule.policy.makesDrafts { countPass(of: sentence) }
    }

    /// Counts what a sentence has the next step verify, and what that reads as if the sentence were alone.
    private func countPass(of sentence: Sentence) {
        sentence.count.drafted += sentence.drafts.count
        sentence.count.passes += 1
        let entry = (0..<sentence.rowCount).reduce(Int.max) { min($0, sentence.entry(ofRow: $1)) }
        let highest = sentence.rule.bounds.upperBound
        let unread = sentence.candidateCount.map {
            model.unreadBytes(after: highest, candidates: $0)
        }
        sentence.count.weightBytes += bytes.passes[highest - 1] - lowerBytes(entry) - (unread ?? 0)
    }

    /// Weights of the layers that no row of a pass goes through, all of them having been there for drafts.
    private func lowerBytes(_ entry: Int) -> Int { bytes.lower[min(entry, bytes.lower.count - 1)] }

    /// Leaves the sentences for which another draft pays.
    private mutating func keepWilling() {
        let count = drafting.count
        drafting.removeAll { sentence in
            guard sentence.mayDraft else { return true }
            return sentence.rule.drafts == nil
                && !economics.isWorthDrafting(reach: sentence.reach, sentences: count)
        }
    }

    private mutating func propose(_ exit: Int, _ step: DecoderStep) {
        let start = ContinuousClock.now
        rows.removeAll(keepingCapacity: true)
        proposing.removeAll(keepingCapacity: true)
        for sentence in drafting {
            if let branchStep {
                sentence.readInBranch(branchStep, into: &rows)
            } else {
                rows.append(sentence.draftRow)
            }
            proposing.append(rows.count - 1)
        }
        branchStep?.team = step.team
        let step = branchStep ?? step
        step.begin(rows)
        for n in 1...(branchStep == nil ? exit : model.branchLayerCount) { step.runLayer(n) }
        step.propose(proposing, into: &proposals)
        everyRow.removeAll(keepingCapacity: true)
        everyRow.append(contentsOf: rows.indices)
        step.leave(everyRow)
        economics.noteDraft(rows: rows.count, seconds: (.now - start) / .seconds(1))
    }

    /// Runs the step that verifies, and measures it where drafts depend on what it takes.
    ///
    /// - Parameters:
    ///   - rows: its rows.
    ///   - body: runs it.
    mutating func measurePass(_ rows: [DecoderRow], _ body: () -> Void) {
        guard isSpeculating else { return body() }
        let start = ContinuousClock.now
        body()
        let seconds = (.now - start) / .seconds(1)
        let entry = rows.reduce(Int.max) { min($0, $1.entry) }
        let share = 1 - Double(lowerBytes(entry)) / Double(bytes.passes[bytes.passes.count - 1])
        economics.notePass(rows: rows.count, seconds: seconds / share)
    }

    /// Learns how often proposals were right: of each sentence as far as those before them were.
    mutating func learn(from sentences: [Sentence]) {
        guard isSpeculating else { return }
        for sentence in sentences {
            for (proposal, token) in zip(sentence.proposals, sentence.newTokens) {
                economics.note(
                    probability: proposal.probability, isRight: proposal.id == token.id,
                    saves: proposal.id == token.id && !sentence.search.ends(with: token.id))
            }
        }
    }
}
