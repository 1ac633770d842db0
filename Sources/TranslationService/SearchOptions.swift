import Checkpoint
public import Decoding
import Tensor
import TranslationModel

/// The search settings of a request, before they are held against a model: the one place where they are
/// checked.
public struct SearchOptions: Sendable, Equatable {
    /// Hypotheses kept at each step; 1 is greedy search.
    public var beamSize = 1
    /// Outputs beside the best, below the beam size.
    public var alternatives = 0
    /// α in Σ log p / length^α, 0 … 10.
    public var lengthPenalty = 1.0
    /// End of sentence is banned at this many first positions.
    public var minimumTokens = 0
    /// Longest output, end of sentence included; nil: `DecodingOptions.limit`.
    public var maximumTokens: Int?
    /// `DecodingOptions.repetitionPenalty`, 0.1 … 10.
    public var repetitionPenalty = 1.0
    /// `DecodingOptions.noRepeatNgramSize`, at least 0.
    public var noRepeatNgramSize = 0
    /// `DecodingOptions.usesShortlist`.
    public var usesShortlist = false

    /// Widest beam that a step can rank.
    public static let widestBeam: Int = LogitRow.maximumBest / 2

    /// `DecodingOptions.scores`: false where nobody sees them.
    public var scores = false

    /// Greedy search with the default length rules.
    public init() {}

    /// What is wrong with the options.
    ///
    /// - Parameters:
    ///   - longest: longest output of the model; nil where no model is known yet.
    ///   - widest: widest beam.
    /// - Returns: faults in the order of the parameters, possibly none.
    public func faults(longest: Int?, widestBeam widest: Int = widestBeam) -> [RequestFault] {
        let widest = min(max(widest, 1), Self.widestBeam)
        let longest = max(longest ?? .max, 1)
        let beam = (1...widest).contains(beamSize) ? beamSize : 1
        var faults: [RequestFault] = []
        check(beamSize, 1...widest, .beamSize, &faults)
        check(alternatives, 0...(beam - 1), .alternatives, &faults)
        check(minimumTokens, 0...longest, .minimumTokens, &faults)
        if let maximumTokens { check(maximumTokens, 1...longest, .maximumTokens, &faults) }
        if !(0...10).contains(lengthPenalty) {
            faults.append(
                RequestFault(
                    .outOfRange, .lengthPenalty,
                    "\(.lengthPenalty) must be 0 to 10; given \(lengthPenalty)"))
        }
        if !(0.1...10).contains(repetitionPenalty) {
            faults.append(
                RequestFault(
                    .outOfRange, .repetitionPenalty,
                    "\(.repetitionPenalty) must be 0.1 to 10; given \(repetitionPenalty)"))
        }
        check(noRepeatNgramSize, 0...longest, .noRepeatNgramSize, &faults)
        if faults.isEmpty, let maximumTokens, minimumTokens > maximumTokens {
            faults.append(
                RequestFault(
                    .conflictingOptions, .minimumTokens,
                    "\(.minimumTokens) \(minimumTokens) is above \(.maximumTokens) \(maximumTokens)"
                ))
        }
        return faults
    }

    private func check(
        _ value: Int, _ range: ClosedRange<Int>, _ parameter: RequestParameter,
        _ faults: inout [RequestFault]
    ) {
        guard !range.contains(value) else { return }
        let bounds: Explanation =
            range.upperBound == .max
            ? "\(parameter) must be at least \(range.lowerBound); given \(value)"
            : "\(parameter) must be \(range.lowerBound) to \(range.upperBound); given \(value)"
        faults.append(RequestFault(.outOfRange, parameter, bounds))
    }

    /// Decoding options for a model.
    ///
    /// - Parameters:
    ///   - exit: a rule for the same model.
    ///   - longest: longest output of the model.
    ///   - widest: widest beam.
    /// - Returns: options that make sense.
    /// - Throws: all that does not.
    public func resolve(
        _ exit: ExitRule, longest: Int, widestBeam widest: Int = widestBeam
    ) throws(InvalidRequest) -> DecodingOptions {
        let faults = faults(longest: longest, widestBeam: widest)
        guard faults.isEmpty else { throw InvalidRequest(faults) }
        return options(exit)
    }

    /// Decoding options out of values that have no fault.
    private func options(_ exit: ExitRule) -> DecodingOptions {
        var options = DecodingOptions(exit: exit)
        options.beamSize = beamSize
        options.hypothesisCount = alternatives + 1
        options.lengthPenalty = lengthPenalty
        options.minimumTokens = minimumTokens
        options.maximumTokens = maximumTokens
        options.repetitionPenalty = repetitionPenalty
        options.noRepeatNgramSize = noRepeatNgramSize
        options.usesShortlist = usesShortlist
        options.scores = scores
        return options
    }
}

extension ServedModel {
    /// Longest output: max_position_embeddings − 1.
    public var longestOutput: Int { checkpoint.configuration.maximumPositions - 1 }

    /// What is wrong with asking for a shortlist; nil where the model has one.
    public var shortlistFault: RequestFault? {
        guard checkpoint.shortlist == nil else { return nil }
        return RequestFault(
            .shortlistUnavailable, .shortlist,
            "\(.shortlist) needs \(Checkpoint.shortlistFile) or lex.*.bin, which \(id) lacks; shoal shortlist makes one"
        )
    }
}
