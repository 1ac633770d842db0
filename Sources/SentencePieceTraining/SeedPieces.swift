/// Finds the substrings that unigram estimation starts from.
///
/// A substring counts if it occurs at least twice and cannot be made longer at its end without
/// losing an occurrence. They are the inner nodes of the text's suffix tree, read off the sorted
/// suffixes and the lengths of their common prefixes (Kasai et al. 2001), of which only the first
/// `maximumLength` characters matter. Memory is linear in the text.
struct SeedPieces {
    private static let end: UInt32 = 0

    private let maximumLength: Int
    /// The characters of all units, each unit followed by `end`.
    private var scalars: [UInt32] = []
    /// For each of them the number of occurrences of its unit.
    private var counts: [Int] = []
    /// All positions but those of `end`, sorted by what follows.
    private var suffixes: [Int] = []

    /// A substring by one of its positions.
    struct Candidate {
        var start: Int
        var length: Int
        var count: Int
        /// The characters that it would cover, by which candidates are ranked.
        var coverage: Int { count * length }
    }

    init(_ text: TrainingText, maximumLength: Int) {
        self.maximumLength = maximumLength
        for unit in text.units {
            for scalar in String(decoding: unit.text, as: UTF8.self).unicodeScalars {
                suffixes.append(scalars.count)
                scalars.append(scalar.value)
                counts.append(unit.count)
            }
            scalars.append(Self.end)
            counts.append(0)
        }
        sortSuffixes()
    }

    /// The best `limit` substrings of two characters or more, by how much of the text they cover.
    func best(_ limit: Int) -> [UnigramPiece] {
        let ranked = candidates().sorted { left, right in
            guard left.coverage == right.coverage else { return left.coverage > right.coverage }
            return text(of: left).lexicographicallyPrecedes(text(of: right))
        }
        return ranked.prefix(limit).map { candidate in
            UnigramPiece(
                text: text(of: candidate).flatMap(Self.utf8), score: Double(candidate.coverage),
                isCharacter: false)
        }
    }

    private static func utf8(of value: UInt32) -> [UInt8] {
        Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
    }

    private func text(of candidate: Candidate) -> ArraySlice<UInt32> {
        scalars[candidate.start..<(candidate.start + candidate.length)]
    }

    private mutating func sortSuffixes() {
        let (scalars, maximumLength) = (scalars, maximumLength)
        suffixes.sort { left, right in
            for offset in 0..<maximumLength {
                let (first, second) = (scalars[left + offset], scalars[right + offset])
                if first != second { return first < second }
                // Both suffixes end here, and `end` is the last of all characters.
                if first == Self.end { break }
            }
            return left < right
        }
    }

    /// The nodes of the suffix tree, each when the suffixes below it are through.
    private func candidates() -> [Candidate] {
        var found: [Candidate] = []
        var open: [Candidate] = []
        for (rank, suffix) in suffixes.enumerated() {
            let shared = rank == 0 ? 0 : commonPrefix(suffixes[rank - 1], suffix)
            Self.close(&open, downTo: shared, into: &found)
            // The whole suffix is a node of its own, because every word end differs.
            let leaf = Candidate(start: suffix, length: length(of: suffix), count: counts[suffix])
            if let last = open.last, last.length == leaf.length {
                open[open.count - 1].count += leaf.count
            } else {
                open.append(leaf)
            }
        }
        Self.close(&open, downTo: 0, into: &found)
        return found
    }

    /// Ends the nodes longer than `length`, handing their counts to the node around them, which
    /// is opened where it is missing.
    private static func close(
        _ open: inout [Candidate], downTo length: Int, into found: inout [Candidate]
    ) {
        while let node = open.last, node.length > length {
            open.removeLast()
            if node.length > 1 && node.count > 1 { found.append(node) }
            if let outer = open.last, outer.length >= length {
                open[open.count - 1].count += node.count
            } else if length > 0 {
                open.append(Candidate(start: node.start, length: length, count: node.count))
            }
        }
    }

    private func commonPrefix(_ left: Int, _ right: Int) -> Int {
        var length = 0
        while length < maximumLength, scalars[left + length] == scalars[right + length],
            scalars[left + length] != Self.end
        {
            length += 1
        }
        return length
    }

    private func length(of suffix: Int) -> Int {
        var length = 0
        while length < maximumLength, scalars[suffix + length] != Self.end { length += 1 }
        return length
    }
}
