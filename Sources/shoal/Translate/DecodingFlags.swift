public import ArgumentParser
public import Checkpoint
import Configuration
import Decoding
import Tensor
import TranslationService

extension ExitPolicy: ExpressibleByArgument {}

/// The exit settings of a request as options.
struct ExitFlags: ParsableArguments {
    @Option(
        name: .long,
        help: """
            Layer of the policy \(ExitPolicy.names(joinedBy: "or", where: \.needsLayer)), 1 to N.
            """)
    var layer: Int?

    @Option(
        name: .long,
        help: """
            Threshold of \(ExitPolicy.names(joinedBy: "or") { $0.thresholds != nil }), or N-1 of \
            them with commas between.
            """)
    var threshold: String?

    @Option(
        name: .long,
        help: """
            Profile of \(ExitPolicy.names(joinedBy: "or", where: \.takesProfile)), a name in exits.json.
            """)
    var profile: String?

    @Option(name: .long, help: "No token exits below this layer.")
    var minLayer: Int?

    @Option(name: .long, help: "No token exits above this layer.")
    var maxLayer: Int?

    func options(policy: ExitPolicy?) throws -> ExitOptions {
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

    @Option(
        name: .long,
        help:
            "θ: scores of tokens that the output has are multiplied by it, or divided if positive.")
    var repetitionPenalty = 1.0

    @Option(
        name: .long, help: "n: no n tokens in a row occur twice in an output; 0: any may.")
    var noRepeatNgramSize = 0

    @Flag(
        name: .long,
        help: "Choose tokens from those alone that the model's shortlist gives a sentence.")
    var shortlist = false

    private var search: SearchOptions {
        var search = SearchOptions()
        search.beamSize = beamSize
        search.alternatives = alternatives
        search.lengthPenalty = lengthPenalty
        search.minimumTokens = minOutputTokens
        search.maximumTokens = maxOutputTokens
        search.repetitionPenalty = repetitionPenalty
        search.noRepeatNgramSize = noRepeatNgramSize
        search.usesShortlist = shortlist
        return search
    }

    mutating func validate() throws {
        let faults = search.faults(longest: nil)
        guard faults.isEmpty else { throw ValidationError(InvalidRequest(faults)) }
    }

    /// Options for a model.
    ///
    /// - Throws: `ValidationError` for what the model cannot do.
    func options(_ exit: ExitRule, _ model: ServedModel) throws -> DecodingOptions {
        if shortlist, let fault = model.shortlistFault {
            throw ValidationError(InvalidRequest([fault]))
        }
        do {
            return try search.resolve(exit, longest: model.longestOutput)
        } catch {
            throw ValidationError(error)
        }
    }
}

extension ValidationError {
    /// What is wrong with options, by their flags.
    init(_ invalid: InvalidRequest) { self.init(invalid.text(naming: \.flag)) }
}

extension RequestParameter {
    /// The flag that gives it: the one table from parameter to flag.
    var flag: String {
        switch self {
        case .text: "the text"
        case .beamSize: "--beam-size"
        case .alternatives: "--alternatives"
        case .lengthPenalty: "--length-penalty"
        case .minimumTokens: "--min-output-tokens"
        case .maximumTokens: "--max-output-tokens"
        case .repetitionPenalty: "--repetition-penalty"
        case .noRepeatNgramSize: "--no-repeat-ngram-size"
        case .shortlist: "--shortlist"
        case .policy: "--policy"
        case .layer: "--layer"
        case .threshold: "--threshold"
        case .profile: "--profile"
        case .candidates: "candidates"
        case .drafts: "drafts"
        case .guarantee: "--guarantee"
        case .minimumLayer: "--min-layer"
        case .maximumLayer: "--max-layer"
        }
    }

    /// The key of a policy's setting, as `ExitSetting` reads it.
    var settingKey: String {
        String(flag.drop { $0 == "-" }).replacing("-", with: "_")
    }
}
