import SentencePiece
import UnicodeText

/// The text as training sees it: how often which stretch occurs.
///
/// Words are cut wherever no piece may reach across: before a visible space, around characters
/// that the model does not cover, and between scripts. Any substring of a unit may be a piece; and
/// no piece is spelt like `<s>` or `<0x41>`, in which punctuation stands beside letters.
struct TrainingText {
    /// Longer units are cut, which bounds the memory that the segmentations of one take.
    private static let unitByteLimit = 4096

    /// Different stretches in the order of their first occurrence.
    private(set) var units: [Unit] = []
    /// The covered characters, the most frequent first.
    let characters: [(scalar: Unicode.Scalar, count: Int)]
    /// Whether there is nothing but spaces.
    let isBlank: Bool
    let wordCount: Int
    let distinctWordCount: Int

    /// A stretch of well-formed UTF-8 and the number of its occurrences.
    struct Unit {
        let text: [UInt8]
        var count: Int
    }

    init(_ sentences: [String], normalizer: Normalizer, coverage: Double) {
        var words = UnitCounter()
        for sentence in sentences {
            let normalized = normalizer.normalize(sentence.utf8.span)
            Self.forEachWord(in: normalized) { words.add($0, count: 1) }
        }
        wordCount = words.units.reduce(0) { $0 + $1.count }
        distinctWordCount = words.units.count
        let counts = Self.characterCounts(of: words.units)
        isBlank = counts.keys.allSatisfy { $0 == "\u{2581}" }
        characters = Self.mostFrequent(counts, coverage: coverage)
        let covered = Set(characters.map(\.scalar))
        var counter = UnitCounter()
        for word in words.units { Self.cut(word, covered, into: &counter) }
        units = counter.units
    }

    private static func forEachWord(in text: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
        var start = 0
        for index in text.indices.dropFirst()
        where text[index] == Normalizer.visibleSpace[0]
            && text[index...].starts(with: Normalizer.visibleSpace)
        {
            body(text[start..<index])
            start = index
        }
        if start < text.count { body(text[start...]) }
    }

    private static func characterCounts(of words: [Unit]) -> [Unicode.Scalar: Int] {
        var counts: [Unicode.Scalar: Int] = [:]
        for word in words {
            for scalar in String(decoding: word.text, as: UTF8.self).unicodeScalars {
                counts[scalar, default: 0] += word.count
            }
        }
        // A model's pieces cannot hold it.
        counts["\0"] = nil
        return counts
    }

    private static func mostFrequent(
        _ counts: [Unicode.Scalar: Int], coverage: Double
    ) -> [(scalar: Unicode.Scalar, count: Int)] {
        let total = counts.values.reduce(0, +)
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var seen = 0
        let covered = sorted.prefix { entry in
            defer { seen += entry.value }
            return Double(seen) / Double(total) < coverage
        }
        return covered.map { (scalar: $0.key, count: $0.value) }
    }

    private static func cut(
        _ word: Unit, _ covered: Set<Unicode.Scalar>, into counter: inout UnitCounter
    ) {
        var unit: [UInt8] = []
        var script = Script.any
        for scalar in String(decoding: word.text, as: UTF8.self).unicodeScalars {
            let isCovered = covered.contains(scalar)
            let next = Script(of: scalar)
            if !isCovered || !script.joins(next) || unit.count >= unitByteLimit {
                counter.add(unit[...], count: word.count)
                unit.removeAll(keepingCapacity: true)
                script = .any
            }
            guard isCovered else { continue }
            unit += String(scalar).utf8
            if next != .any { script = next }
        }
        counter.add(unit[...], count: word.count)
    }
}

/// Counts stretches and keeps the order in which they came.
private struct UnitCounter {
    private(set) var units: [TrainingText.Unit] = []
    private var indices: [ArraySlice<UInt8>: Int] = [:]

    mutating func add(_ text: ArraySlice<UInt8>, count: Int) {
        guard !text.isEmpty else { return }
        if let index = indices[text] {
            units[index].count += count
        } else {
            let owned = Array(text)
            indices[owned[...]] = units.count
            units.append(TrainingText.Unit(text: owned, count: count))
        }
    }
}
