import Calibration
import Checkpoint
import Configuration
import Evaluation
import Glibc
import TranslationService

/// The tokens that every exit would have given along full depth's outputs.
struct ExitTokens {
    /// One for each sentence, in no order.
    let sentences: [ExitTrace]
    /// Those below the last.
    private let exits: Range<Int>

    /// Decodes sentences at full depth.
    ///
    /// - Parameters:
    ///   - model: what decodes.
    ///   - set: the sentences.
    ///   - workers: threads that share the work.
    /// - Throws: `Failure`.
    init(_ model: ServedModel, _ set: ValidationSet, workers: Int) throws {
        exits = model.lowestExit..<model.layerCount
        let meter = ThresholdMeter(
            model: model.network, policy: ThresholdPolicy.allCases[0],
            sentences: set.sentences(model), workers: workers)
        do {
            sentences = try meter.tokensOfExits()
        } catch {
            throw Failure("\(error)", code: EX_SOFTWARE)
        }
    }

    /// The share of tokens on which each exit agrees with the last, 0 … 1: exits 1 … N − 1, and 0 where there is a side branch.
    var agreement: [Int: Double] {
        Dictionary(uniqueKeysWithValues: exits.map { ($0, sentences.agreement(ofExit: $0)) })
    }
}

/// What drafts of each exit come to, as people read it.
struct DraftFinding {
    private let choices: [DraftSearch.Choice]

    init(_ tokens: ExitTokens, _ model: ServedModel) {
        choices = DraftSearch(tokens.sentences, model.network).choices()
    }

    /// The choice that costs least; nil where no drafts pay.
    var best: DraftSearch.Choice? {
        choices.min { $0.cost < $1.cost }.flatMap { $0.drafts > 0 ? $0 : nil }
    }

    /// A line for each exit.
    var table: String {
        let head = Style.standardOutput.table(
            "exit   agreement     ids   coverage   drafts   tokens a pass     cost\n")
        return choices.reduce(head) { text, choice in
            let ids = choice.drafting.ids.count
            let columns = [
                fixed(100 * choice.agreement, 1, width: 10) + " %",
                ids == 0 ? "     all" : fixed(Double(ids), 0, width: 8),
                fixed(100 * choice.coverage, 1, width: 9) + " %",
                fixed(Double(choice.drafts), 0, width: 9),
                fixed(choice.tokensPerPass, 2, width: 16),
                fixed(100 * choice.cost, 1, width: 7) + " %",
            ]
            return text + "\(choice.drafting.exit)".padding(to: 4) + columns.joined() + "\n"
        }
    }
}
