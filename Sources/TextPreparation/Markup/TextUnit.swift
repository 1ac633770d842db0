/// A part of a sentence that tags do not part: a word, a mark of punctuation, a letter of a script without blanks.
struct TextUnit {
    /// Its place, in UTF-8 offsets.
    let range: Range<Int>
    /// Whether it has a letter or digit.
    let isWord: Bool
    /// The number of the word that it is of; the same for parts of a word that a tag parts.
    let word: Int

    /// How much it says about where a tag belongs: marks of punctuation less than words, small words less than long.
    var weight: Double { isWord ? 0.5 + Double(min(range.count, 8)) / 8 : 0.2 }
}

/// Parts a text into units; blanks are in none.
struct UnitSplitter {
    private var units: [TextUnit] = []
    private var word = -1
    private var last = Kind.blank

    private enum Kind {
        case blank
        case letter
        /// A letter that is a unit of its own.
        case spaceless
        case mark
        /// What belongs to the scalar before it.
        case extend
    }

    /// The units of a text, in time proportional to its length.
    ///
    /// - Parameters:
    ///   - text: a sentence.
    ///   - cuts: where tags part words, ascending UTF-8 offsets.
    ///   - wholes: ranges that are one unit each, ascending and disjoint.
    /// - Returns: ascending ranges.
    static func units(_ text: String, cuts: [Int] = [], wholes: [Range<Int>] = []) -> [TextUnit] {
        var splitter = UnitSplitter()
        var cuts = cuts[...]
        var wholes = wholes[...]
        var offset = 0
        var joins = false
        for scalar in text.unicodeScalars {
            let range = offset..<(offset + UTF8.width(scalar))
            offset = range.upperBound
            var isCut = false
            while let cut = cuts.first, cut <= range.lowerBound {
                isCut = isCut || cut == range.lowerBound
                cuts.removeFirst()
            }
            while let whole = wholes.first, whole.upperBound <= range.lowerBound {
                wholes.removeFirst()
            }
            if let whole = wholes.first, whole.lowerBound <= range.lowerBound {
                if whole.lowerBound == range.lowerBound { splitter.begin(whole, isWord: true) }
                splitter.last = .blank
                continue
            }
            splitter.add(joins ? .extend : kind(scalar), range, isCut: isCut)
            joins = scalar.value == 0x200D
        }
        return splitter.units
    }

    private mutating func begin(_ range: Range<Int>, isWord: Bool) {
        word += 1
        units.append(TextUnit(range: range, isWord: isWord, word: word))
    }

    private mutating func add(_ kind: Kind, _ range: Range<Int>, isCut: Bool) {
        let goesOn = kind == .extend ? last != .blank : kind == .letter && last == .letter
        if kind != .extend || last == .blank { last = kind == .extend ? .mark : kind }
        guard kind != .blank else { return }
        guard goesOn, let unit = units.last else { return begin(range, isWord: last != .mark) }
        if isCut {
            units.append(TextUnit(range: range, isWord: unit.isWord, word: word))
        } else {
            units[units.count - 1] = TextUnit(
                range: unit.range.lowerBound..<range.upperBound, isWord: unit.isWord, word: word)
        }
    }

    private static func kind(_ scalar: Unicode.Scalar) -> Kind {
        if scalar.value < 0x80 {
            if scalar.isBlank { return .blank }
            return ASCIISet.alphanumerics.contains(scalar) ? .letter : .mark
        }
        if scalar.isBlank { return .blank }
        switch SentenceBreakClass(scalar) {
        case .extend, .format: return .extend
        case .lower, .upper, .letter, .numeric:
            return SpacelessScript.contains(scalar) ? .spaceless : .letter
        default: return scalar.properties.generalCategory == .otherNumber ? .letter : .mark
        }
    }
}
