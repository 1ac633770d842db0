/// What stands for a pair where duplicates are looked for.
struct DuplicateKeys: Sendable {
    let pair: UInt64
    let source: UInt64
    let target: UInt64

    init(_ pair: SentencePair, folded: Bool) {
        let pair = folded ? pair.map(\.folded) : pair
        source = ContentHash.of(pair.source)
        target = ContentHash.of(pair.target)
        self.pair = ContentHash.of(pair.target, after: source)
    }
}

/// Remembers what has been there, by 8 bytes of each: a million pairs take 17 MiB for each part that has to be unique, 25 MiB while
/// the table grows.
struct Deduplication {
    private var seen: [FilterOptions.PairPart: Set<UInt64>] = [:]
    private let unique: [FilterOptions.PairPart]

    init(_ options: FilterOptions) {
        let allowed = Set(options.allowed.compactMap(\.part))
        unique = FilterOptions.PairPart.allCases.filter {
            options.unique.contains($0) && !allowed.contains($0)
        }
    }

    /// Takes a pair, or says what was there before.
    ///
    /// A pair that is not taken leaves no trace.
    mutating func take(_ keys: DuplicateKeys) -> DropReason? {
        let known = unique.first { seen[$0]?.contains(keys[$0]) ?? false }
        guard let known else {
            for part in unique { seen[part, default: []].insert(keys[part]) }
            return nil
        }
        return known.reason
    }
}

extension DuplicateKeys {
    fileprivate subscript(part: FilterOptions.PairPart) -> UInt64 {
        switch part {
        case .pair: pair
        case .source: source
        case .target: target
        }
    }
}

extension FilterOptions.PairPart {
    fileprivate var reason: DropReason {
        switch self {
        case .pair: .duplicate
        case .source: .duplicateSource
        case .target: .duplicateTarget
        }
    }
}

extension DropReason {
    fileprivate var part: FilterOptions.PairPart? {
        FilterOptions.PairPart.allCases.first { $0.reason == self }
    }
}
