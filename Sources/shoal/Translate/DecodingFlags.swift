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
        guard (0...10).contains(lengthPenalty) else {
            throw ValidationError("--length-penalty must be 0 to 10; given \(lengthPenalty).")
        }
        guard minOutputTokens >= 0 else {
            throw ValidationError("--min-output-tokens must be 0 or more.")
        }
        if let maxOutputTokens {
            guard maxOutputTokens > 0 else {
                throw ValidationError("--max-output-tokens must be 1 or more.")
            }
            guard minOutputTokens <= maxOutputTokens else {
                throw ValidationError(
                    "--min-output-tokens \(minOutputTokens) is above --max-output-tokens "
                        + "\(maxOutputTokens).")
            }
        }
    }

    /// Options for a model.
    ///
    /// - Throws: `ValidationError` where an output would be longer than the model's positions allow.
    func options(_ exit: ExitRule, _ model: ServedModel) throws -> DecodingOptions {
        let longest = model.checkpoint.configuration.maximumPositions - 1
        for (option, least, count) in [
            ("--min-output-tokens", 0, minOutputTokens),
            ("--max-output-tokens", 1, maxOutputTokens ?? 1),
        ] where count > longest {
            throw ValidationError("\(option) must be \(least) to \(longest); given \(count)")
        }
        var options = DecodingOptions(exit: exit)
        options.beamSize = beamSize
        options.hypothesisCount = alternatives + 1
        options.lengthPenalty = lengthPenalty
        options.minimumTokens = minOutputTokens
        options.maximumTokens = maxOutputTokens
        return options
    }
}
