import System

/// Makes further pairs of those that are kept.
///
/// What is drawn for a pair follows from the seed and the number of the pair, so the same text and options give the same pairs.
/// Holds 1,024 pairs and 4,096 names at most.
struct Augmenter {
    private let options: AugmentationOptions
    private let profile: CorpusProfile
    private var window = SentenceWindow()
    private var names: [String] = []
    private var knownNames: Set<String> = []

    private static let nameLimit = 4_096

    init(_ options: AugmentationOptions, _ profile: CorpusProfile) {
        self.options = options
        self.profile = profile
    }

    /// The pairs that are added behind one that is kept.
    ///
    /// - Parameters:
    ///   - pair: cleaned.
    ///   - place: where it is from.
    ///   - index: which of all that are kept, from 0.
    /// - Returns: none that equals `pair`.
    mutating func variants(
        of pair: SentencePair, _ place: PairPlace, index: Int
    ) -> [PreparedPair] {
        var made: [PreparedPair] = []
        for (number, kind) in Augmentation.allCases.enumerated() {
            var generator = SplitMix64(key: options.seed, UInt64(number), UInt64(index))
            guard let share = options.shares[kind], generator.uniform() < share else { continue }
            if kind == .joined {
                let joined = window.joined(
                    pair, place, order: options.joinOrder, limit: options.joinedWords,
                    using: &generator)
                if let joined {
                    made.append(.init(pair: joined.pair, augmentation: kind, places: joined.places))
                }
            } else if let variant = variant(of: pair, kind, &generator), variant != pair {
                let places = kind == .copy ? [] : [place]
                made.append(.init(pair: variant, augmentation: kind, places: places))
            }
        }
        if options.shares[.joined] ?? 0 > 0 { window.add(pair, place) }
        return made
    }

    private mutating func variant(
        of pair: SentencePair, _ kind: Augmentation, _ generator: inout SplitMix64
    ) -> SentencePair? {
        switch kind {
        case .lower, .upper, .title:
            let losesStop = generator.uniform() < options.unstoppedCaseShare
            let base = losesStop ? Rewriting.unstopped(pair) ?? pair : pair
            return Rewriting.cased(
                base, kind, keepsTarget: options.kindsKeepingTarget.contains(kind))
        case .unstopped: return Rewriting.unstopped(pair)
        case .joined: return nil
        case .number, .name, .placeholder: return replaced(pair, kind, &generator)
        case .copy:
            var inventor = Inventor(generator, names: names)
            let line = inventor.line()
            return SentencePair(source: line, target: line)
        }
    }

    /// A pair with something else for one of its anchors.
    private mutating func replaced(
        _ pair: SentencePair, _ kind: Augmentation, _ generator: inout SplitMix64
    ) -> SentencePair? {
        let anchors = Anchor.all(of: pair, names: profile.names)
        for anchor in anchors where anchor.kind == .name { remember(anchor.text) }
        let fit = anchors.filter { anchor in
            switch kind {
            case .number: anchor.kind == .number
            case .name: anchor.kind == .name
            default: true
            }
        }
        guard !fit.isEmpty else { return nil }
        let anchor = fit[Int(generator.uniform() * Double(fit.count))]
        var inventor = Inventor(generator, names: names)
        let text =
            switch kind {
            case .number: inventor.number(like: anchor.text)
            case .name: inventor.name()
            default: inventor.verbatim()
            }
        return anchor.replaced(by: text, in: pair)
    }

    private mutating func remember(_ name: String) {
        guard names.count < Self.nameLimit, knownNames.insert(name).inserted else { return }
        names.append(name)
    }
}
