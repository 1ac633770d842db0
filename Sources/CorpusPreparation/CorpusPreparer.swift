/// Cleans, filters and augments a parallel text, part by part.
///
/// The text is read twice: `CorpusProfile` learns from it first. The prepared text depends on what is read, on the options and on
/// the held-out texts; neither on the number of threads nor on the parts. Memory: the profile, 1,024 pairs, and the hashes of
/// what has to be unique (`Deduplication`).
public struct CorpusPreparer {
    private let filter: PairFilter
    private let threads: Int
    private var deduplication: Deduplication
    private var augmenter: Augmenter
    /// What has been done so far.
    public private(set) var report = PreparationReport()

    /// Begins a text.
    ///
    /// - Parameters:
    ///   - filters: what pairs have to be like; without a faulty pattern.
    ///   - augmentation: what is added.
    ///   - profile: what a reading of the same text has learnt.
    ///   - heldOut: what must not be in it.
    ///   - threads: how many clean and judge.
    public init(
        _ filters: FilterOptions, _ augmentation: AugmentationOptions, profile: CorpusProfile,
        heldOut: HeldOutTexts, threads: Int
    ) {
        filter = PairFilter(options: filters, profile: profile, heldOut: heldOut)
        deduplication = Deduplication(filters)
        augmenter = Augmenter(augmentation, profile)
        self.threads = threads
    }

    /// Prepares the next lines.
    ///
    /// - Parameter lines: in their order.
    /// - Returns: what is kept of them, each with what is added behind it.
    public mutating func prepare(_ lines: [RawPair]) -> [PreparedPair] {
        let start = report.readCount
        let numbered = lines.enumerated().map { (index: start + $0.offset, line: $0.element) }
        let filter = filter
        let verdicts = concurrentMap(
            numbered, threads: threads, with: { Patterns(filter.options.patterns) },
            { filter.judge($0.line, index: $0.index, $1) })
        return verdicts.flatMap { obey($0) }
    }

    private mutating func obey(_ verdict: PairFilter.Verdict) -> [PreparedPair] {
        let place = verdict.place
        if let reason = verdict.reason ?? verdict.keys.flatMap({ deduplication.take($0) }) {
            report.drop(place, reason)
            return []
        }
        let index = report.keptCount
        report.keep(place, wasChanged: verdict.wasChanged)
        let kept = PreparedPair(pair: verdict.pair, augmentation: nil, places: [place])
        return [kept]
            + augmenter.variants(of: verdict.pair, place, index: index).filter { variant in
                guard let kind = variant.augmentation else { return true }
                guard !filter.heldOut.holds(variant.pair) else {
                    report.refuse(place)
                    return false
                }
                report.add(kind, place)
                return true
            }
    }
}
