public import ArgumentParser
import Checkpoint
import Configuration
public import Decoding
import Tensor
import TranslationService

extension ExitPolicy.Name: ExpressibleByArgument {}

/// The exit settings of a request as options.
struct ExitFlags: ParsableArguments {
    @Option(name: .long, help: "Layer of the policy fixed, 1 to N.")
    var layer: Int?

    @Option(
        name: .long,
        help: "Threshold of token_geometric or confidence, or N-1 of them with commas between.")
    var threshold: String?

    @Option(name: .long, help: "Profile of confidence, a name in exits.json.")
    var profile: String?

    @Option(name: .long, help: "No token exits below this layer.")
    var minLayer: Int?

    @Option(name: .long, help: "No token exits above this layer.")
    var maxLayer: Int?

    func options(policy: ExitPolicy.Name?) throws -> ExitOptions {
        var options = ExitOptions()
        options.policy = policy
        options.layer = layer
        options.threshold = try threshold.map { try Self.parseThreshold($0) }
        options.profile = profile
        options.minimumLayer = minLayer
        options.maximumLayer = maxLayer
        return options
    }

    static func parseThreshold(
        _ text: String, of option: String = "--threshold"
    ) throws -> ExitOptions.Threshold {
        guard let threshold = ExitOptions.Threshold(notation: text) else {
            throw ValidationError("\(option) takes numbers with commas between; given \(text)")
        }
        return threshold
    }
}

/// The search settings of a request as options.
struct SearchFlags: ParsableArguments {
    @Option(name: .long, help: "Hypotheses kept at each step; 1 is greedy.")
    var beamSize = 1

    @Option(name: .long, help: "Further outputs beside the best; fewer than the beam size.")
    var alternatives = 0

    @Option(name: .long, help: "α in Σ log p / length^α.")
    var lengthPenalty = 1.0

    @Option(name: .long, help: "End of sentence is banned at this many first positions.")
    var minOutputTokens = 0

    @Option(name: .long, help: "Longest output, end of sentence included (default: 2 S + 10).")
    var maxOutputTokens: Int?

    mutating func validate() throws {
        guard (1...LogitRow.maximumBest / 2).contains(beamSize) else {
            throw ValidationError("--beam-size must be 1 to \(LogitRow.maximumBest / 2).")
        }
        guard (0..<beamSize).contains(alternatives) else {
            throw ValidationError("--alternatives must be 0 to the beam size less 1.")
        }
        guard minOutputTokens >= 0, maxOutputTokens ?? 1 > 0 else {
            throw ValidationError("--min-output-tokens and --max-output-tokens are not negative.")
        }
    }

    /// Options for a model, with its longest output as the bound.
    func options(_ exit: ExitRule, _ model: ServedModel) -> DecodingOptions {
        let longest = model.checkpoint.configuration.maximumPositions - 1
        var options = DecodingOptions(exit: exit)
        options.beamSize = beamSize
        options.hypothesisCount = alternatives + 1
        options.lengthPenalty = lengthPenalty
        options.minimumTokens = min(minOutputTokens, longest)
        options.maximumTokens = maxOutputTokens.map { min($0, longest) }
        return options
    }
}
