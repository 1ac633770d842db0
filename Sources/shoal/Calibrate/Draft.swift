import ArgumentParser
import Calibration
import Checkpoint
import Configuration
import Evaluation
import Glibc
import System
import TextFiles
import TranslationService

/// The command `shoal draft`.
struct Draft: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Find the exit and the ids that speculative decoding drafts with, and write them to exits.json.",
        discussion: """
            Translates the sentences at full depth, looks at what every exit would have given, and counts \
            what drafts would cost: bytes of weights a token, as a share of full depth's. Outputs stay what \
            they are; a better choice only makes the policy speculative faster. No references are needed; \
            2000 sentences of the kind that will be translated are enough.

            Example:
              shoal draft --model runs/model validation.de
            """)

    @OptionGroup var model: ModelOption

    @Option(name: .long, help: "Use the first so many sentences, 2 to 100000.")
    var limit = 2000

    @Flag(name: .long, help: "Write nothing to exits.json.")
    var dryRun = false

    @Argument(help: "Source sentences, one a line.", completion: .file())
    var source: String

    func validate() throws {
        guard (2...100_000).contains(limit) else {
            throw ValidationError("--limit must be 2 to 100000.")
        }
    }

    func run() throws {
        try Failure.reporting {
            try model.requireNamed(where: !dryRun)
            let model = try model.loadForTexts()
            guard model.layerCount > 1 else {
                throw Failure(
                    "\(model.id) has one decoder layer: no exit below the last drafts",
                    code: EX_DATAERR)
            }
            let text = try ParallelText(source, source, limit: limit)
            guard text.sources.count > 1 else {
                throw Failure("\(source): one sentence says too little", code: EX_DATAERR)
            }
            let set = try Failure.placing(at: source, model) { try ValidationSet(text, model) }
            let tokens = try ExitTokens(model, set, workers: Processors.available)
            try write(DraftFinding(tokens, model), model)
        }
    }

    private func write(_ finding: DraftFinding, _ model: ServedModel) throws {
        writeOutput(finding.table)
        guard let best = finding.best else {
            writeOutput("no drafts pay: exits.json is unchanged\n")
            return
        }
        writeOutput(
            "exit \(best.drafting.exit) drafts\(dryRun ? "; exits.json is unchanged" : "")\n")
        guard !dryRun else { return }
        try model.changeExits { exits, file in
            exits.drafting = best.drafting
            file.takeDrafting(from: exits)
        }
    }
}
