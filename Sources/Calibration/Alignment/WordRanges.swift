/// The words of a text: runs of letters, digits and marks, and every other character that is not blank.
public struct WordRanges: Sendable, Equatable {
    /// UTF-8 ranges, ascending.
    public let ranges: [Range<Int>]
    private let bytes: [UInt8]

    /// Finds the words of a text.
    public init(_ text: String) {
        var (ranges, position, start): ([Range<Int>], Int, Int?) = ([], 0, nil)
        for scalar in text.unicodeScalars {
            let next = position + UTF8.width(scalar)
            if Self.isWord(scalar) {
                start = start ?? position
            } else {
                if let first = start { ranges.append(first..<position) }
                start = nil
                if !scalar.properties.isWhitespace { ranges.append(position..<next) }
            }
            position = next
        }
        if let start { ranges.append(start..<position) }
        self.ranges = ranges
        bytes = Array(text.utf8)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        if properties.isAlphabetic { return true }
        switch properties.generalCategory {
        case .decimalNumber, .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// The word of a token: the one that its first character that is not blank lies in.
    ///
    /// A token of blanks alone belongs to the word behind it.
    ///
    /// - Parameter range: the token's UTF-8 range in the text.
    /// - Returns: an index into `ranges`; nil where there is no such word.
    public func index(of range: Range<Int>) -> Int? {
        let place = range.first { bytes[$0] != UInt8(ascii: " ") } ?? range.upperBound
        return ranges.firstIndex { $0.contains(place) }
    }

    /// The words' texts, in lower case.
    public var lowercased: [String] {
        ranges.map { String(decoding: bytes[$0], as: UTF8.self).lowercased() }
    }
}
