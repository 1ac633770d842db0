/// How one text is to be decoded.
public struct DecodingOptions: Sendable, Equatable {
    /// When tokens leave the decoder.
    public var exit: ExitRule
    /// Hypotheses kept at each step; 1 is greedy search.
    public var beamSize = 1
    /// Hypotheses returned, best first: 1 … `beamSize`.
    public var hypothesisCount = 1
    /// α in Σ log p / length^α; 0 leaves the sum as it is.
    public var lengthPenalty = 1.0
    /// End of sentence is banned at this many first positions.
    public var minimumTokens = 0
    /// Longest output, end of sentence included; nil: what `limit` makes of the source's length.
    public var maximumTokens: Int?
    /// θ, above 0: scores of ids that the output has already, or the decoder's start token, are multiplied by it
    /// where negative and divided by it else, as transformers does; 1 leaves them.
    public var repetitionPenalty = 1.0
    /// n: no n ids in a row occur twice in an output, the decoder's start token included; 0: any may.
    public var noRepeatNgramSize = 0
    /// Whether an output that ends in a loop at the length limit loses the repeated copies and ends for
    /// `FinishReason.repetition`.
    ///
    /// A loop has four copies or more and 16 tokens or more. Outputs that end by themselves stay as they
    /// are, and so do those that would be shorter than `minimumTokens`. So do tokens that were reported one by one: there only the reason changes.
    /// Off, since transformers gives all copies.
    public var cutsLoops = false
    /// Whether hypotheses say which source position each token was made from; nothing else changes.
    public var aligns = false
    /// Whether log-probabilities and scores are wanted, which need the logits of all ids.
    ///
    /// Without, greedy search leaves them 0 and often finds the best id in half of the classifier's bytes. Nothing else changes.
    public var scores = true
    /// The source positions that tokens may be made from; nil: all but the last.
    public var sourcePieces: Range<Int>?

    /// Target ids that every output begins with, whatever the network says, behind what decoding starts from: the token of the target language,
    /// for example.
    ///
    /// They are no part of the result. Each has probability 1 and counts in the length by which a score is divided, as the forced first token of transformers
    /// does. They leave at the layer that is given for all tokens, or at the highest one.
    public var prefix: [Int] = []

    /// Target ids that the output is expected to be, without the end of sentence: an earlier translation of a text that has changed little.
    ///
    /// Policies that make drafts take them as drafts; the output does not depend on them.
    public var expected: [Int] = []

    /// Whether tokens are chosen from the ids alone that the model's shortlist gives the sentence: inexact, for less work.
    ///
    /// It says what is asked for. Whoever has the sentence's ids makes `candidates` of it (`Shortlist`).
    public var usesShortlist = false

    /// Target ids that tokens are chosen from, ascending; empty: all.
    ///
    /// Everything that reads logits reads theirs alone: probabilities, scores and the policy `confidence` are among them.
    /// Only `prefix` may hold others. Their logits have the bits that they have among all ids.
    public var candidates: [Int] = []

    /// Exits that are given, clamped to the bounds of `exit`, whose policy is then not asked; nil in service.
    public var givenExits: GivenExits?

    /// Exits that no policy chose, to measure policies by.
    public enum GivenExits: Sendable, Equatable {
        /// Drawn for every token, uniformly within the bounds.
        case drawn(seed: UInt64)
        /// The exit of each position, at least one; the last one goes on behind the end.
        case listed([Int])
    }

    /// The rules against repetitions.
    var repetition: RepetitionRules {
        RepetitionRules(penalty: repetitionPenalty, ngramSize: noRepeatNgramSize)
    }

    /// Greedy search under `exit` with the default length rules.
    ///
    /// - Parameters:
    ///   - exit: when tokens leave.
    ///   - scores: whether anybody sees them.
    public init(exit: ExitRule, scores: Bool = true) {
        self.exit = exit
        self.scores = scores
    }

    /// The length limit where none is given: min(max_position_embeddings − 1, 2 S + 10)
    /// (method.md §3).
    ///
    /// - Parameters:
    ///   - sourceCount: S, end of sentence included.
    ///   - maximumPositions: `max_position_embeddings`.
    /// - Returns: tokens, end of sentence included.
    public static func defaultMaximum(sourceCount: Int, maximumPositions: Int) -> Int {
        min(maximumPositions - 1, 2 * sourceCount + 10)
    }

    /// The longest output of a text.
    ///
    /// `maximumTokens`; where there is none, what `defaultMaximum` says, or ten tokens more than
    /// `minimumTokens` where that is more. Never beyond the model's positions.
    ///
    /// - Parameters:
    ///   - sourceCount: S, end of sentence included.
    ///   - maximumPositions: `max_position_embeddings`.
    /// - Returns: tokens, end of sentence included.
    public func limit(sourceCount: Int, maximumPositions: Int) -> Int {
        let longest = maximumPositions - 1
        if let maximumTokens { return min(maximumTokens, longest) }
        let usual = Self.defaultMaximum(
            sourceCount: sourceCount, maximumPositions: maximumPositions)
        return minimumTokens == 0 ? usual : max(usual, min(minimumTokens, longest - 10) + 10)
    }
}
