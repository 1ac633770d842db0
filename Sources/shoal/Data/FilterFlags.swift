public import ArgumentParser
public import CorpusPreparation

extension DropReason: ExpressibleByArgument {}
extension FilterOptions.PairPart: ExpressibleByArgument {}

/// What pairs have to be like, as options.
struct FilterFlags: ParsableArguments {
    private static let usual = FilterOptions()

    @Option(
        name: .long,
        help:
            "Leave out pairs a side of which stands in this file up to case and punctuation; may be given again.",
        completion: .file())
    var exclude: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            """
            Keep pairs that would be left out for this reason, any but not_text, empty and held_out; may be given again.
            """,
            valueName: "reason"),
        completion: .list(Self.optionalReasons.map(\.rawValue)))
    var allow: [DropReason] = []

    @Option(name: .long, help: "Words of a side, at least.")
    var minWords = Self.usual.words.lowerBound

    @Option(name: .long, help: "Words of a side, at most.")
    var maxWords = Self.usual.words.upperBound

    @Option(name: .long, help: "Characters of a side, at most.")
    var maxCharacters = Self.usual.maximumCharacters

    @Option(name: .long, help: "Characters of a word, at most; addresses do not count.")
    var maxWordCharacters = Self.usual.maximumWordCharacters

    @Option(
        name: .long,
        help: """
            Ratio of the lengths of both sides in characters, at most; the ratio of the whole text is taken out, \
            and ten characters are added to each side.
            """)
    var maxRatio = Self.usual.maximumRatio

    @Option(name: .long, help: "Pairs of identical sides stay up to so many words.")
    var identicalWords = Self.usual.identicalWords

    @Option(
        name: .long,
        help: "Share of a side that may be addresses, tags and character references, 0 to 1.")
    var maxMarkup = Self.usual.maximumMarkup

    @Option(
        name: .long,
        help: "Share of a side's letters that must be of the script of that side, 0 to 1.")
    var minScript = Self.usual.minimumScriptShare

    @Option(
        name: .long,
        help: """
            A side is of the wrong language where its trigrams fit the other side of the text better by so many \
            nats on average.
            """)
    var languageMargin = Self.usual.languageMargin

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Leave out pairs in which a side matches this regular expression; may be given again.",
            valueName: "regex"))
    var dropMatching: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What may occur only once: pair, source or target; may be given again (default: pair).",
            valueName: "part"))
    var unique: [FilterOptions.PairPart] = []

    @Flag(
        name: .long,
        help: "Take texts for duplicates that differ in case, punctuation and blanks only.")
    var foldDuplicates = false

    /// Reasons that can be switched off.
    private static let optionalReasons = DropReason.allCases.filter {
        ![.notText, .empty, .heldOut].contains($0)
    }

    /// The options as the filter takes them, `exclude` left out.
    var options: FilterOptions {
        var options = FilterOptions()
        options.allowed = Set(allow)
        options.words = minWords...max(minWords, maxWords)
        options.maximumCharacters = maxCharacters
        options.maximumWordCharacters = maxWordCharacters
        options.maximumRatio = maxRatio
        options.identicalWords = identicalWords
        options.maximumMarkup = maxMarkup
        options.minimumScriptShare = minScript
        options.languageMargin = languageMargin
        options.patterns = dropMatching
        if !unique.isEmpty { options.unique = Set(unique) }
        options.foldsDuplicates = foldDuplicates
        return options
    }

    func validate() throws {
        guard minWords >= 1, maxWords >= minWords else {
            throw ValidationError(
                "--min-words must be 1 to --max-words; given \(minWords) and \(maxWords)")
        }
        try require(maxCharacters >= 1, "--max-characters must be 1 or more", maxCharacters)
        try require(
            maxWordCharacters >= 1, "--max-word-characters must be 1 or more", maxWordCharacters)
        try require(maxRatio >= 1, "--max-ratio must be 1 or more", maxRatio)
        try require(identicalWords >= 0, "--identical-words must be 0 or more", identicalWords)
        try require((0...1).contains(maxMarkup), "--max-markup must be 0 to 1", maxMarkup)
        try require((0...1).contains(minScript), "--min-script must be 0 to 1", minScript)
        try require(languageMargin >= 0, "--language-margin must be 0 or more", languageMargin)
        if let reason = allow.first(where: { !Self.optionalReasons.contains($0) }) {
            throw ValidationError("--allow \(reason.rawValue): such pairs can never be kept")
        }
        if let pattern = options.faultyPattern {
            throw ValidationError("--drop-matching \(pattern) is no regular expression")
        }
    }
}

/// Refuses a value that is out of range.
private func require(_ isRight: Bool, _ rule: String, _ value: some Any) throws {
    guard isRight else { throw ValidationError("\(rule); given \(value)") }
}
