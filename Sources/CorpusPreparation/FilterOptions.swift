/// What pairs have to be like.
public struct FilterOptions: Sendable, Equatable {
    /// Reasons that do not count, but `notText`, `empty` and `heldOut`, which always do.
    public var allowed: Set<DropReason> = []
    /// Words of each side.
    public var words = 1...150
    /// Code points of each side, at most.
    public var maximumCharacters = 1_000
    /// Code points of a word, at most; addresses do not count.
    public var maximumWordCharacters = 60
    /// Greatest ratio of the lengths of the sides in characters, once the ratio of the whole text is taken out; ten characters are
    /// added to each side, because short sentences differ more.
    public var maximumRatio = 3.0
    /// Pairs of identical sides of up to so many words stay: names and the like.
    public var identicalWords = 2
    /// Greatest share of a side that may be addresses, tags and character references.
    public var maximumMarkup = 0.5
    /// Least share of a side's letters in the script that is the most frequent one on that side.
    public var minimumScriptShare = 0.6
    /// A side is taken for the other language where its trigrams fit that better by so much on average, in nats.
    public var languageMargin = 0.75
    /// Regular expressions; a pair a side of which has a match is left out.
    public var patterns: [String] = []
    /// What of a pair must not have been there before.
    public var unique: Set<PairPart> = [.pair]
    /// Whether texts are the same that differ in case, punctuation and blanks only.
    public var foldsDuplicates = false

    /// The usual limits.
    public init() {}

    /// What can occur twice.
    public enum PairPart: String, Sendable, CaseIterable {
        /// Both sides together.
        case pair
        /// The source.
        case source
        /// The target.
        case target
    }
}
