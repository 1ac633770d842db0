/// What has become of a text.
///
/// `readCount` is `keptCount` and all that was dropped; `writtenCount` is `keptCount` and all that was added.
public struct PreparationReport: Sendable, Equatable {
    /// How often something happened, and where it did first.
    public struct Tally: Sendable, Equatable {
        /// How often.
        public fileprivate(set) var count = 0
        /// The first places, at most `exampleLimit`.
        public fileprivate(set) var examples: [PairPlace] = []

        fileprivate mutating func add(_ place: PairPlace?) {
            count += 1
            if let place, examples.count < PreparationReport.exampleLimit { examples.append(place) }
        }
    }

    /// Places that are kept of each tally.
    public static let exampleLimit = 5

    /// Pairs read.
    public private(set) var readCount = 0
    /// Pairs kept, once each.
    public private(set) var keptCount = 0
    /// Pairs kept that cleaning changed.
    public private(set) var changed = Tally()
    /// Pairs that were left out, by the first reason.
    public private(set) var dropped: [DropReason: Tally] = [:]
    /// Pairs that were added.
    public private(set) var added: [Augmentation: Tally] = [:]
    /// Pairs that would have been added, and are held out.
    public private(set) var notAdded = Tally()

    /// Pairs of the prepared text.
    public var writtenCount: Int { keptCount + added.values.reduce(0) { $0 + $1.count } }
    /// Pairs left out.
    public var droppedCount: Int { dropped.values.reduce(0) { $0 + $1.count } }

    mutating func drop(_ place: PairPlace, _ reason: DropReason) {
        readCount += 1
        dropped[reason, default: Tally()].add(place)
    }

    mutating func keep(_ place: PairPlace, wasChanged: Bool) {
        readCount += 1
        keptCount += 1
        if wasChanged { changed.add(place) }
    }

    mutating func add(_ kind: Augmentation, _ place: PairPlace) {
        added[kind, default: Tally()].add(place)
    }

    mutating func refuse(_ place: PairPlace) { notAdded.add(place) }
}
