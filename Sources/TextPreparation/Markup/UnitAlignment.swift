/// From which unit of an input each unit of its translation was made.
struct UnitAlignment {
    let source: [TextUnit]
    /// The node that each unit of the source stands in.
    let owners: [Int]
    /// How deep each node is.
    let depths: [Int]

    /// A source token spreads over few units; more are not looked at.
    private static let mostUnits = 8
    /// A unit has few tokens; more have no vote.
    private static let mostTokens = 32

    /// For each unit of the translation a unit of the source.
    ///
    /// The tokens of a unit vote with their lengths, first for an element, then for a unit in it. A unit without
    /// a vote follows that of its neighbours which is in fewer elements. Without an alignment the place in the text
    /// decides.
    ///
    /// - Parameters:
    ///   - target: the units of the translation.
    ///   - alignment: the alignment of its tokens, in any order.
    /// - Returns: indices of units; empty where the source has no unit.
    func sources(of target: [TextUnit], _ alignment: [AlignedSpan]) -> [Int] {
        guard !source.isEmpty else { return [] }
        var tokens = alignment.filter { !$0.target.isEmpty && !$0.source.isEmpty }
        if !zip(tokens, tokens.dropFirst()).allSatisfy({
            $0.target.lowerBound <= $1.target.lowerBound
        }) {
            tokens.sort { $0.target.lowerBound < $1.target.lowerBound }
        }
        var found: [Int?] = []
        var next = 0
        for unit in target {
            while next < tokens.count, tokens[next].target.upperBound <= unit.range.lowerBound {
                next += 1
            }
            found.append(vote(tokens[next...], unit))
        }
        guard found.contains(where: { $0 != nil }) else { return proportional(target) }
        return filled(found)
    }

    /// The units, what is missing made that of the neighbour in fewer elements, or the one before.
    private func filled(_ found: [Int?]) -> [Int] {
        var following = found
        for index in found.indices.reversed().dropFirst() where following[index] == nil {
            following[index] = following[index + 1]
        }
        var last: Int?
        return zip(found, following).map { unit, next in
            if let unit { last = unit }
            switch (unit ?? last, unit ?? next) {
            case (let before?, let after?):
                return depths[owners[after]] < depths[owners[before]] ? after : before
            case (let before, let after): return before ?? after ?? 0
            }
        }
    }

    private func vote(_ tokens: ArraySlice<AlignedSpan>, _ unit: TextUnit) -> Int? {
        var votes: [(unit: Int, weight: Double)] = []
        for token in tokens.prefix(Self.mostTokens) {
            guard token.target.lowerBound < unit.range.upperBound else { break }
            let common = token.target.clamped(to: unit.range).count
            for (index, share) in units(in: token.source) {
                let weight = Double(common) * share
                if let place = votes.firstIndex(where: { $0.unit == index }) {
                    votes[place].weight += weight
                } else {
                    votes.append((index, weight))
                }
            }
        }
        return best(of: votes)
    }

    /// The unit with most votes in the element with most votes; of equal elements in the deeper one.
    private func best(of votes: [(unit: Int, weight: Double)]) -> Int? {
        guard votes.count > 1 else { return votes.first?.unit }
        func weight(of node: Int) -> Double {
            votes.reduce(0) { owners[$1.unit] == node ? $0 + $1.weight : $0 }
        }
        var best: (unit: Int, node: Double, depth: Int, own: Double)?
        for vote in votes {
            let node = owners[vote.unit]
            let candidate = (vote.unit, weight(of: node), depths[node], vote.weight)
            guard let last = best else {
                best = candidate
                continue
            }
            let isBetter =
                (candidate.1, candidate.2, candidate.3) > (last.node, last.depth, last.own)
            if isBetter { best = candidate }
        }
        return best?.unit
    }

    /// The units in a range of the source, each with its share of it.
    private func units(in range: Range<Int>) -> [(Int, Double)] {
        let first = source.partitioningIndex { $0.range.upperBound > range.lowerBound }
        let inside = source[first...].prefix(Self.mostUnits)
            .prefix { $0.range.lowerBound < range.upperBound }
        let total = inside.reduce(0) { $0 + $1.range.clamped(to: range).count }
        return inside.indices.map {
            ($0, Double(source[$0].range.clamped(to: range).count) / Double(max(1, total)))
        }
    }

    /// The units at the same share of the text, blanks aside.
    private func proportional(_ target: [TextUnit]) -> [Int] {
        let sourceCount = source.reduce(0) { $0 + $1.range.count }
        let targetCount = target.reduce(0) { $0 + $1.range.count }
        var index = 0
        var end = source[0].range.count
        var place = 0
        return target.map { unit in
            // The middle of the unit, doubled so that it is a whole number.
            let middle = 2 * place + unit.range.count
            place += unit.range.count
            while index + 1 < source.count, middle * sourceCount >= 2 * end * targetCount {
                index += 1
                end += source[index].range.count
            }
            return index
        }
    }
}
