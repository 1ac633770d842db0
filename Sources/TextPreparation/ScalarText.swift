/// A text as Unicode scalars with the place of each in its UTF-8.
struct ScalarText: Sendable {
    let scalars: [Unicode.Scalar]
    /// UTF-8 offset of each scalar, and of the end.
    let offsets: [Int]
    /// UTF-8 offset behind each scalar, where more than the scalars is in the text; nil if one begins where the last
    /// one ends.
    private let ends: [Int]?

    /// Takes time and memory in proportion to the length of the text.
    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        var offsets: [Int] = []
        offsets.reserveCapacity(scalars.count + 1)
        var offset = 0
        for scalar in scalars {
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        offsets.append(offset)
        self.offsets = offsets
        ends = nil
    }

    /// A text that holds more than its scalars.
    ///
    /// - Parameters:
    ///   - scalars: what is read.
    ///   - starts: the UTF-8 offset of each.
    ///   - ends: the UTF-8 offset behind each; none is beyond the next one's start.
    ///   - count: the length of the text in UTF-8.
    init(_ scalars: [Unicode.Scalar], starts: [Int], ends: [Int], count: Int) {
        self.scalars = scalars
        offsets = starts + [count]
        self.ends = ends
    }

    var count: Int { scalars.count }

    /// The UTF-8 offsets of a range of scalars.
    func bytes(_ range: Range<Int>) -> Range<Int> {
        let start = offsets[range.lowerBound]
        return start..<(range.isEmpty ? start : end(of: range.upperBound - 1))
    }

    /// The UTF-8 offset behind a scalar.
    func end(of index: Int) -> Int { ends?[index] ?? offsets[index + 1] }

    /// The scalars of a range as a string.
    func string(_ range: Range<Int>) -> String { String(scalars[range]) }

    /// The index of the scalar that holds a UTF-8 offset, or of the next one; the count at the end or beyond it.
    func index(ofByte offset: Int) -> Int {
        (0..<count).partitioningIndex { end(of: $0) > offset }
    }
}

extension String {
    /// The scalars one after another.
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(scalars.underestimatedCount)
        for scalar in scalars {
            if scalar.isASCII {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes.append(contentsOf: scalar.utf8)
            }
        }
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension [Unicode.Scalar] {
    /// A range without the blanks at its ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (first, last) = (range.lowerBound, range.upperBound)
        while first < last, self[first].isBlank { first += 1 }
        while last > first, self[last - 1].isBlank { last -= 1 }
        return first..<last
    }
}

extension Unicode.Scalar {
    /// White space, or the byte order mark, which text editors leave at the beginning of files.
    var isBlank: Bool {
        value < 0x80
            ? value == 0x20 || 0x9...0xD ~= value : properties.isWhitespace || value == 0xFEFF
    }
}
