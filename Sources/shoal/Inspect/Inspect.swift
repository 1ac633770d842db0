import ArgumentParser
import Checkpoint
import Configuration
import Decoding
import TranslationModel
import TranslationService

/// The command `shoal inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a checkpoint holds, after checking all of it.",
        discussion: "Example:\n  shoal inspect --model models/multi30k-de-en --tensors")

    @OptionGroup var model: ModelOption

    @Flag(name: .long, help: "List the tensors, too.")
    var tensors = false

    func run() throws {
        try Failure.reporting {
            let model = try model.load()
            let checkpoint = model.checkpoint
            let c = checkpoint.configuration
            let pair = model.languages
            let lines = [
                ("model", model.id),
                ("languages", "\(pair.source ?? "?") → \(pair.target ?? "?")"),
                ("encoder", Self.describe(c.encoder)),
                ("decoder", Self.describe(c.decoder)),
                ("width", "\(c.width), \(c.activation.rawValue)"),
                (
                    "vocabulary",
                    "\(c.sourceVocabularySize) source, \(c.targetVocabularySize) target"
                ),
                ("positions", "\(c.maximumPositions)"),
                ("exit classifiers", checkpoint.exits.classifiers.rawValue),
                ("default policy", model.defaultPolicy.rawValue),
                ("packed weights", "\(model.network.byteCount) bytes"),
            ]
            for (name, value) in lines { writeOutput(name.padding(to: 18) + value + "\n") }
            for policy in ExitPolicy.Name.allCases {
                let state = model.missingHead(policy).map { "needs \($0)" } ?? "available"
                writeOutput(
                    "policy".padding(to: 18) + policy.rawValue.padding(to: 20) + state + "\n")
            }
            for file in checkpoint.files {
                writeOutput("file".padding(to: 18) + "\(file.name), \(file.byteCount) bytes\n")
            }
            guard tensors else { return }
            for entry in checkpoint.weights.entries + (checkpoint.exitHeads?.entries ?? []) {
                writeOutput("\(entry.name) \(entry.elementType.rawValue) \(entry.shape)\n")
            }
        }
    }

    private static func describe(_ stack: ModelConfiguration.Stack) -> String {
        "\(stack.layers) layers, \(stack.heads) heads, feed-forward \(stack.feedForwardWidth)"
    }
}
