/// A unit of a translation and what it was made from.
struct PlacedUnit {
    let unit: TextUnit
    /// The index of the source's unit; −1 where the source has none.
    let source: Int
    /// The node that it belongs in.
    let owner: Int
}

/// Decides between which units of a translation the tags stand.
///
/// An element goes around the run of units in which those made from its own words outweigh the others, so that one
/// word that is aligned wrongly does not draw it over half a sentence. Within it, its own elements are placed in the
/// same way. An element without any word in the translation, and what has no text, stands behind what was made from
/// the word before it.
struct TagLayout {
    /// A tag between two units.
    struct Event {
        /// The number of units before it.
        let place: Int
        /// The index of the tag.
        let tag: Int
    }

    private let tree: InlineTree
    private let tags: [InlineMarkup.Tag]
    private let sources: [TextUnit]
    private let sourceOwners: [Int]
    private let units: [PlacedUnit]
    /// For each unit of the source the units that were made from it, ascending.
    private var targets: [[Int]]
    private var taken: [Bool]
    private var events: [Event] = []

    /// What a word of no other element counts against an element that goes over it, and one of another element.
    private static let gap = 0.7
    private static let foreign = 2.0

    /// - Parameters:
    ///   - tree: the tags as a tree.
    ///   - tags: the tags.
    ///   - sources: the units of the source.
    ///   - owners: for each of them the node that it stands in.
    ///   - units: the units of the translation.
    init(
        _ tree: InlineTree, _ tags: [InlineMarkup.Tag], sources: [TextUnit], owners: [Int],
        units: [PlacedUnit]
    ) {
        self.tree = tree
        self.tags = tags
        self.sources = sources
        sourceOwners = owners
        self.units = units
        targets = [[Int]](repeating: [], count: sources.count)
        for (index, unit) in units.enumerated() where unit.source >= 0 {
            targets[unit.source].append(index)
        }
        taken = [Bool](repeating: false, count: units.count)
    }

    /// The tags in the order in which they stand in the translation, nested as in the source, each once.
    mutating func layOut() -> [Event] {
        let starts = regionStarts()
        for (index, region) in tree.regions.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : units.count
            layOut(region, starts[index]..<end)
            if index < tree.dividers.count {
                events.append(Event(place: end, tag: tree.dividers[index]))
            }
        }
        return events
    }

    // MARK: Regions

    /// Where each region begins, so that the weight of the units that stand in another one is least.
    private func regionStarts() -> [Int] {
        let count = tree.regions.count
        guard count > 1 else { return [0] }
        let regions = nodeRegions()
        // costs[r]: the least cost of the units so far if the last one stands in region r.
        var costs = [Double](repeating: 0, count: count)
        var cameFrom: [[Int]] = []
        for unit in units {
            var from = [Int](repeating: 0, count: count)
            var best = 0
            var next = costs
            for region in 0..<count {
                if costs[region] < costs[best] { best = region }
                from[region] = best
                next[region] =
                    costs[best] + (regions[unit.owner] == region ? 0 : unit.unit.weight)
            }
            costs = next
            cameFrom.append(from)
        }
        var region = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        var starts = [Int](repeating: units.count, count: count)
        for index in stride(from: units.count - 1, through: 0, by: -1) {
            starts[region] = index
            region = cameFrom[index][region]
        }
        // A region without units begins where the next one does.
        for region in stride(from: count - 2, through: 0, by: -1) {
            starts[region] = min(starts[region], starts[region + 1])
        }
        starts[0] = 0
        return starts
    }

    /// The number of the region of each node.
    private func nodeRegions() -> [Int] {
        var regions: [Int] = []
        var region = -1
        for node in tree.nodes {
            if node.parent < 0 { region += 1 }
            regions.append(region)
        }
        return regions
    }

    // MARK: Elements

    private mutating func layOut(_ node: Int, _ range: Range<Int>) {
        let children = tree.nodes[node].children
        guard !children.isEmpty else { return }
        for index in range { taken[index] = false }
        var places = elementPlaces(node, children, range)
        for child in children where places[child] == nil {
            let place = point(child, in: range, beside: places.values)
            places[child] = place..<place
        }
        let ordered = children.enumerated().sorted {
            let (left, right) = (places[$0.element] ?? 0..<0, places[$1.element] ?? 0..<0)
            return (left.lowerBound, left.upperBound, $0.offset)
                < (right.lowerBound, right.upperBound, $1.offset)
        }
        for (_, child) in ordered {
            let place = places[child] ?? range.lowerBound..<range.lowerBound
            events.append(Event(place: place.lowerBound, tag: tree.nodes[child].start))
            layOut(child, place)
            if tree.nodes[child].end >= 0 {
                events.append(Event(place: place.upperBound, tag: tree.nodes[child].end))
            }
        }
    }

    /// The places of the elements in a node that have units, the weightiest first.
    private mutating func elementPlaces(
        _ node: Int, _ children: [Int], _ range: Range<Int>
    ) -> [Int: Range<Int>] {
        let owners = range.map { child(of: node, holding: units[$0].owner) }
        var weights: [Int: Double] = [:]
        for (index, owner) in zip(range, owners) where owner >= 0 {
            weights[owner, default: 0] += units[index].unit.weight
        }
        let byWeight = weights.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        var places: [Int: Range<Int>] = [:]
        for child in byWeight {
            guard let place = bestRun(of: child, owners, range) else { continue }
            take(place, for: child, &places)
        }
        for child in children where places[child] == nil && tree.nodes[child].end >= 0 {
            if let place = borrowed(for: child, range) { take(place, for: child, &places) }
        }
        return places
    }

    private mutating func take(
        _ place: Range<Int>, for child: Int, _ places: inout [Int: Range<Int>]
    ) {
        places[child] = place
        for index in place { taken[index] = true }
    }

    /// The child of a node in which another node is; −1 for the node itself and what is elsewhere.
    private func child(of node: Int, holding inner: Int) -> Int {
        var inner = inner
        let depth = tree.nodes[node].depth
        guard tree.nodes[inner].depth > depth else { return -1 }
        while tree.nodes[inner].depth > depth + 1 { inner = tree.nodes[inner].parent }
        return tree.nodes[inner].parent == node ? inner : -1
    }

    /// The run of free units with the greatest sum: those of the child count for it, the others against it.
    private func bestRun(of child: Int, _ owners: [Int], _ range: Range<Int>) -> Range<Int>? {
        var best: (sum: Double, run: Range<Int>)?
        var sum = -1.0
        var start = range.lowerBound
        for (index, owner) in zip(range, owners) {
            let weight = units[index].unit.weight
            if taken[index] {
                sum = -1
            } else if owner == child {
                if sum < 0 { (sum, start) = (0, index) }
                sum += weight
                if sum >= best?.sum ?? 0 { best = (sum, start..<(index + 1)) }
            } else {
                sum -= weight * (owner < 0 ? Self.gap : Self.foreign)
            }
        }
        return best?.run
    }

    /// A word for an element that none was made from: one of several that its neighbour became.
    private func borrowed(for child: Int, _ range: Range<Int>) -> Range<Int>? {
        let inside = tree.nodes[child].range
        let first = sources.partitioningIndex { $0.range.lowerBound >= inside.lowerBound }
        let last = sources.partitioningIndex { $0.range.lowerBound >= inside.upperBound }
        guard first < last, sources[first..<last].contains(where: \.isWord) else { return nil }
        func free(_ source: Int) -> [Int] {
            let words = targets[source].filter {
                units[$0].unit.isWord && range.contains($0) && !taken[$0]
            }
            return words.count > 1 ? words : []
        }
        if last < sources.count, sources[last].isWord, let word = free(last).first {
            return word..<(word + 1)
        }
        if first > 0, sources[first - 1].isWord, let word = free(first - 1).last {
            return word..<(word + 1)
        }
        return nil
    }

    // MARK: Points

    /// Where what has no units stands.
    private func point(
        _ node: Int, in range: Range<Int>, beside places: Dictionary<Int, Range<Int>>.Values
    ) -> Int {
        let tag = tags[tree.nodes[node].start]
        let next = sources.partitioningIndex { $0.range.lowerBound >= tag.offset }
        let isPoint = tree.nodes[node].end < 0
        let goesRight = isPoint && tag.isAfterBlank && !tag.isBeforeBlank
        let before = placeBehind(next)
        let place = goesRight ? placeBefore(next) ?? before : before ?? placeBefore(next)
        var found = min(max(place ?? range.lowerBound, range.lowerBound), range.upperBound)
        for other in places where other.lowerBound < found && found < other.upperBound {
            let isNearStart = found - other.lowerBound < other.upperBound - found
            found = isNearStart ? other.lowerBound : other.upperBound
        }
        return found
    }

    /// The place behind what was made from the nearest unit before one of the source.
    private func placeBehind(_ source: Int) -> Int? {
        targets[..<source].last { !$0.isEmpty }?.last.map { $0 + 1 }
    }

    /// The place before what was made from a unit of the source, or the nearest behind it.
    private func placeBefore(_ source: Int) -> Int? {
        targets[source...].first { !$0.isEmpty }?.first
    }
}
