/// A text as Unicode scalars with the place of each in its UTF-8.
struct ScalarText: Sendable {
    let scalars: [Unicode.Scalar]
    /// UTF-8 offset of each scalar, and of the end.
    let offsets: [Int]

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
    }

    var count: Int { scalars.count }

    /// The UTF-8 offsets of a range of scalars.
    func bytes(_ range: Range<Int>) -> Range<Int> {
        offsets[range.lowerBound]..<offsets[range.upperBound]
    }

    /// The scalars of a range as a string.
    func string(_ range: Range<Int>) -> String { String(scalars[range]) }

    /// The index of the scalar that holds a UTF-8 offset; the count at the end or beyond it.
    func index(ofByte offset: Int) -> Int {
        (0..<count).partitioningIndex { offsets[$0 + 1] > offset }
    }
}

extension String {
    /// The scalars one after another.
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
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
