/// Finds the parts of a word that tags part in the word that was made from it.
///
/// `CO<sub>2</sub>` is one word with two parts. Where the translation has a part's own letters at the same end of
/// the word, the tags go around these; otherwise a part with letters takes the whole word.
struct WordParts {
    let source: [TextUnit]
    let owners: [Int]
    let depths: [Int]
    let sourceBytes: [UInt8]
    let targetBytes: [UInt8]

    /// In longer words, which are none, parts are not looked for.
    private static let longest = 256

    /// The parts of a unit of the translation.
    ///
    /// - Parameters:
    ///   - unit: the unit.
    ///   - index: the unit of the source that it was made from.
    /// - Returns: units that join to it, in time proportional to its length and that of the source's word.
    func parts(of unit: TextUnit, from index: Int) -> [PlacedUnit] {
        let parts = word(of: index)
        let outer = parts.min { depths[owners[$0]] < depths[owners[$1]] } ?? index
        guard parts.contains(where: { owners[$0] != owners[outer] }) else {
            return [PlacedUnit(unit: unit, source: index, owner: owners[index])]
        }
        let word =
            source[parts.lowerBound].range
            .lowerBound..<source[parts.upperBound - 1].range.upperBound
        if sourceBytes[word] == targetBytes[unit.range] {
            let distance = unit.range.lowerBound - word.lowerBound
            return parts.map { part in
                let range = source[part].range
                return placed(
                    unit, (range.lowerBound + distance)..<(range.upperBound + distance), part)
            }
        }
        return found(parts, outer, in: unit)
    }

    /// The units of the word that a unit of the source belongs to.
    private func word(of index: Int) -> Range<Int> {
        var (first, last) = (index, index + 1)
        while first > 0, source[first - 1].word == source[index].word { first -= 1 }
        while last < source.count, source[last].word == source[index].word { last += 1 }
        return first..<last
    }

    private func placed(_ unit: TextUnit, _ range: Range<Int>, _ source: Int) -> PlacedUnit {
        PlacedUnit(
            unit: TextUnit(range: range, isWord: unit.isWord, word: unit.word), source: source,
            owner: owners[source])
    }

    /// The parts whose letters are in the unit.
    private func found(_ parts: Range<Int>, _ outer: Int, in unit: TextUnit) -> [PlacedUnit] {
        var placed: [PlacedUnit] = []
        var place = unit.range.lowerBound
        for part in parts where owners[part] != owners[outer] {
            let isFirst = part == parts.lowerBound
            let isLast = part == parts.upperBound - 1
            guard
                let range = find(
                    sourceBytes[source[part].range], in: place..<unit.range.upperBound,
                    atStart: isFirst && !isLast, atEnd: isLast)
            else { continue }
            if range.lowerBound > place {
                placed.append(self.placed(unit, place..<range.lowerBound, outer))
            }
            placed.append(self.placed(unit, range, part))
            place = range.upperBound
        }
        if placed.isEmpty {
            let drawing = parts.first { owners[$0] != owners[outer] && hasLetters($0) } ?? outer
            return [PlacedUnit(unit: unit, source: drawing, owner: owners[drawing])]
        }
        if place < unit.range.upperBound {
            placed.append(self.placed(unit, place..<unit.range.upperBound, outer))
        }
        return placed
    }

    private func hasLetters(_ part: Int) -> Bool {
        sourceBytes[source[part].range].contains { $0 >= 0x41 }
    }

    private func find(
        _ text: ArraySlice<UInt8>, in range: Range<Int>, atStart: Bool, atEnd: Bool
    ) -> Range<Int>? {
        guard text.count <= range.count, range.count <= Self.longest else { return nil }
        let bytes = targetBytes[range]
        if atStart {
            return bytes.starts(with: text)
                ? range.lowerBound..<(range.lowerBound + text.count) : nil
        }
        if atEnd {
            return bytes.suffix(text.count).elementsEqual(text)
                ? (range.upperBound - text.count)..<range.upperBound : nil
        }
        for start in range.lowerBound...(range.upperBound - text.count)
        where targetBytes[start..<(start + text.count)] == text {
            return start..<(start + text.count)
        }
        return nil
    }
}
