/// The greatest length of what a model is given, as the model counts it.
public struct LengthLimit: Sendable {
    /// The most units, such as tokens; at least 1.
    public let maximum: Int
    /// A text of at most so many bytes of UTF-8 is within the limit, and not measured.
    public let unmeasuredBytes: Int
    /// The number of units of a text.
    public let measure: @Sendable (String) -> Int

    /// - Parameters:
    ///   - maximum: the most units; what is below 1 counts as 1.
    ///   - unmeasuredBytes: up to how many bytes of UTF-8 a text is surely within the limit.
    ///   - measure: the number of units of a text, about the sum of those of its parts; it is called about twice
    ///     for each part of a long sentence.
    public init(
        maximum: Int, unmeasuredBytes: Int = 0, measure: @escaping @Sendable (String) -> Int
    ) {
        self.maximum = max(1, maximum)
        self.unmeasuredBytes = unmeasuredBytes
        self.measure = measure
    }

    /// Whether a text is short enough, with what stands behind it; what surely is becomes no string.
    func holds(_ scalars: ArraySlice<Unicode.Scalar>, _ mark: Unicode.Scalar? = nil) -> Bool {
        let bytes = scalars.reduce(mark.map(UTF8.width) ?? 0) { $0 + UTF8.width($1) }
        guard bytes > unmeasuredBytes else { return true }
        return measure(String(scalars) + (mark.map { String($0) } ?? "")) <= maximum
    }
}

/// Parts a sentence that is too long at its best inner boundaries.
struct LongSentence {
    /// How good it is to part a sentence at a place.
    private enum Boundary: Int, Comparable {
        /// Between two grapheme clusters.
        case cluster
        /// Between two letters of a script without blanks.
        case spaceless
        case blank
        /// After a closing bracket.
        case bracket
        case comma
        /// After a colon, a semicolon or a dash.
        case clause
        /// After a terminator.
        case sentence

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// What is not parted further, with the boundary behind it.
    private struct Atom {
        let range: Range<Int>
        let boundary: Boundary
        var length = 0
    }

    private let scalars: [Unicode.Scalar]
    private let limit: LengthLimit
    /// The ends of the grapheme clusters outside of protected spans.
    private let ends: [Int]

    /// The parts of a sentence: one where it is short enough.
    ///
    /// - Parameters:
    ///   - sentence: the sentence; its protected spans are not parted.
    ///   - limit: the greatest length.
    /// - Returns: ranges of scalars that join to the sentence. Each is at most as long as the limit, unless one grapheme cluster
    ///   or one protected span is longer.
    static func pieces(of sentence: CleanSentence, _ limit: LengthLimit?) -> [Range<Int>] {
        guard let limit, !limit.holds(sentence.scalars[...]) else {
            return [0..<sentence.scalars.count]
        }
        return Self(sentence, limit).pieces()
    }

    private init(_ sentence: CleanSentence, _ limit: LengthLimit) {
        scalars = sentence.scalars
        self.limit = limit
        var ends: [Int] = []
        var spans = sentence.spans[...]
        var place = 0
        for cluster in String(sentence.scalars) {
            place += cluster.unicodeScalars.count
            while let span = spans.first, span.range.upperBound <= place { spans.removeFirst() }
            if let span = spans.first, span.range.lowerBound < place { continue }
            ends.append(place)
        }
        if ends.last != scalars.count { ends.append(scalars.count) }
        self.ends = ends
    }

    private func pieces() -> [Range<Int>] {
        let atoms = atoms(in: 0..<scalars.count, from: .blank)
        var pieces: [Range<Int>] = []
        var rest = atoms[...]
        var left = atoms.reduce(0) { $0 + $1.length }
        while let first = rest.first {
            let count = pieceCount(rest, left)
            let piece = rest.prefix(count)
            pieces.append(first.range.lowerBound..<(piece.last ?? first).range.upperBound)
            left -= piece.reduce(0) { $0 + $1.length }
            rest = rest.dropFirst(count)
        }
        return pieces
    }

    private func length(_ range: Range<Int>) -> Int { limit.measure(String(scalars[range])) }

    /// Parts a range at its boundaries of at least a kind, and what is still too long at weaker ones.
    private func atoms(in range: Range<Int>, from least: Boundary) -> [Atom] {
        var atoms: [Atom] = []
        var start = range.lowerBound
        var index = ends.partitioningIndex { $0 > range.lowerBound }
        while index < ends.count, ends[index] <= range.upperBound {
            let end = ends[index]
            index += 1
            let boundary = boundary(at: end)
            guard boundary >= least || end == range.upperBound else { continue }
            let length = length(start..<end)
            if length > limit.maximum, let weaker = Boundary(rawValue: least.rawValue - 1) {
                atoms += self.atoms(in: start..<end, from: weaker)
            } else {
                atoms.append(Atom(range: start..<end, boundary: boundary, length: length))
            }
            start = end
        }
        return atoms
    }

    /// The boundary between the scalars before and behind a place.
    private func boundary(at place: Int) -> Boundary {
        guard place > 0, place < scalars.count else { return .sentence }
        if scalars[place].isBlank { return .cluster }
        let isBlank = scalars[place - 1].isBlank
        var last = place - 1
        while last > 0, place - last < 8, scalars[last].isBlank { last -= 1 }
        let mark = scalars[last]
        let type = SentenceBreakClass(mark)
        guard isBlank || mark.value >= 0x3000 else {
            let isSpaceless =
                SpacelessScript.contains(mark) && SpacelessScript.contains(scalars[place])
            return isSpaceless ? .spaceless : .cluster
        }
        if type.isTerminator { return .sentence }
        if Self.endsClause(mark) { return .clause }
        if Self.isComma(mark) { return .comma }
        if isBlank { return type == .close ? .bracket : .blank }
        return SpacelessScript.contains(scalars[place]) ? .spaceless : .cluster
    }

    private static func endsClause(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3A, 0x3B, 0x61B, 0x2013, 0x2014, 0xFF1A, 0xFF1B: true
        default: false
        }
    }

    private static func isComma(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2C, 0x60C, 0x3001, 0xFF0C, 0xFF64: true
        default: false
        }
    }

    /// The number of atoms of the next piece: as many as fit, ended at the best boundary of its second half.
    private func pieceCount(_ rest: ArraySlice<Atom>, _ left: Int) -> Int {
        var room = limit.maximum
        while true {
            let count = bestCount(rest, left, room: room)
            guard count > 1, let first = rest.first else { return 1 }
            let piece = first.range.lowerBound..<rest[rest.startIndex + count - 1].range.upperBound
            if length(piece) <= limit.maximum { return count }
            // Lengths of parts do not quite add up to the length of the whole.
            room = room * 3 / 4
            if room == 0 { return 1 }
        }
    }

    private func bestCount(_ rest: ArraySlice<Atom>, _ left: Int, room: Int) -> Int {
        if left <= room { return rest.count }
        // Pieces of about equal length translate better than full ones and a remainder.
        let pieces = (left + max(1, room) - 1) / max(1, room)
        let target = left / pieces
        var best = 1
        var bestBoundary = Boundary.cluster
        var sum = 0
        for (offset, atom) in rest.enumerated() {
            sum += atom.length
            if offset > 0 && sum > room { break }
            let isNearer = sum <= target || atom.boundary > bestBoundary
            guard sum * 2 >= target, atom.boundary >= bestBoundary, isNearer else { continue }
            best = offset + 1
            bestBoundary = atom.boundary
        }
        return best
    }
}
