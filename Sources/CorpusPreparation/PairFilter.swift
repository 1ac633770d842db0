import UnicodeText

/// Judges a pair by itself, without those before it.
struct PairFilter: Sendable {
    let options: FilterOptions
    let profile: CorpusProfile
    let heldOut: HeldOutTexts
    private let scripts: (source: Script?, target: Script?)
    private let lengthRatio: Double

    init(options: FilterOptions, profile: CorpusProfile, heldOut: HeldOutTexts) {
        self.options = options
        self.profile = profile
        self.heldOut = heldOut
        scripts = profile.scripts
        lengthRatio = profile.lengthRatio
    }

    /// A pair that has been looked at.
    struct Verdict: Sendable {
        let place: PairPlace
        /// Cleaned.
        let pair: SentencePair
        /// Whether cleaning changed a side.
        let wasChanged: Bool
        /// nil: it may stay.
        let reason: DropReason?
        /// What stands for the pair, the source and the target where duplicates are looked for.
        let keys: DuplicateKeys?
    }

    /// Cleans and judges.
    ///
    /// - Parameters:
    ///   - line: as it was read.
    ///   - index: which of all, from 0.
    ///   - patterns: those of the options, compiled.
    /// - Returns: the cleaned pair, and the first reason against it.
    func judge(_ line: RawPair, index: Int, _ patterns: Patterns) -> Verdict {
        let raw = SentencePair(source: line.source ?? "", target: line.target ?? "")
        let pair = raw.map(LineCleaning.cleaned)
        let reason =
            line.source == nil || line.target == nil
            ? .notText : reason(pair, wasLearnt: index < profile.readCount, patterns)
        return Verdict(
            place: line.place, pair: pair,
            wasChanged:
                !(pair.source.utf8.elementsEqual(raw.source.utf8)
                && pair.target.utf8.elementsEqual(raw.target.utf8)),
            reason: reason,
            keys: reason == nil ? DuplicateKeys(pair, folded: options.foldsDuplicates) : nil)
    }

    private func reason(
        _ pair: SentencePair, wasLearnt: Bool, _ patterns: Patterns
    ) -> DropReason? {
        if pair.source.hasLostCharacters || pair.target.hasLostCharacters { return .notText }
        if pair.source.isEmpty || pair.target.isEmpty { return .empty }
        if heldOut.holds(pair) { return .heldOut }
        let source = TextMeasures(pair.source)
        let target = TextMeasures(pair.target)
        let faults: [(DropReason, () -> Bool)] = [
            (.noLetters, { min(source.letterCount, target.letterCount) == 0 }),
            (.tooShort, { min(source.words, target.words) < options.words.lowerBound }),
            (.tooLong, { isTooLong(source) || isTooLong(target) }),
            (
                .longWord,
                { max(source.longestWord, target.longestWord) > options.maximumWordCharacters }
            ),
            (.lengthRatio, { ratio(source, target) > options.maximumRatio }),
            (.identical, { pair.source == pair.target && source.words > options.identicalWords }),
            (.markup, { max(source.markupShare, target.markupShare) > options.maximumMarkup }),
            (.script, { isForeign(source, target) }),
            (.language, { isOfOtherSide(pair, wasLearnt) }),
            (.pattern, { patterns.match(pair) }),
        ]
        return faults.first { !options.allowed.contains($0.0) && $0.1() }?.0
    }

    private func isTooLong(_ text: TextMeasures) -> Bool {
        text.words > options.words.upperBound || text.characters > options.maximumCharacters
    }

    private static let addedLength = 10.0

    private func ratio(_ source: TextMeasures, _ target: TextMeasures) -> Double {
        let first = Double(source.characters) + Self.addedLength
        let second = Double(target.characters) * lengthRatio + Self.addedLength
        return max(first / second, second / first)
    }

    private func isForeign(_ source: TextMeasures, _ target: TextMeasures) -> Bool {
        [(source, scripts.source), (target, scripts.target)].contains { text, script in
            guard let script else { return false }
            let share = Double(text.letters[script] ?? 0) / Double(max(text.letterCount, 1))
            return text.letterCount > 0 && share < options.minimumScriptShare
        }
    }

    /// Trigrams of a side that can be judged, at least.
    private static let leastTrigrams = 15
    /// Pairs of a text that tells its languages apart, at least.
    private static let leastPairs = 500

    private func isOfOtherSide(_ pair: SentencePair, _ wasLearnt: Bool) -> Bool {
        // What is the same on both sides is of both.
        guard profile.pairCount >= Self.leastPairs, pair.source != pair.target else { return false }
        return profile.languages.odds(pair, wasLearnt: wasLearnt).contains {
            $0.count >= Self.leastTrigrams && $0.mean < -options.languageMargin
        }
    }
}

extension String {
    fileprivate var hasLostCharacters: Bool {
        utf8.contains(0xEF) && unicodeScalars.contains("\u{FFFD}")
    }
}
