/// The tags within an input.
struct InlineMarkup: Sendable, Equatable {
    /// A tag and its place.
    struct Tag: Sendable, Equatable {
        let kind: MarkupText.Tag.Kind
        /// Its bytes in the original text.
        let source: Range<Int>
        /// Its place in the input's text, in UTF-8.
        let offset: Int
        /// The same for tags of one name.
        let name: Int
        let isVisible: Bool
        let isAfterBlank: Bool
        let isBeforeBlank: Bool
    }

    /// The tags in the order of the original text.
    let tags: [Tag]
    /// Blanks between the first tag and the input's first letter, and between its last letter and the last tag; they
    /// stand outside of the tags in the translation.
    let lead: String
    let tail: String
}

extension InlineMarkup.Tag {
    /// A tag of the text.
    init(_ tag: MarkupText.Tag, offset: Int, isAfterBlank: Bool, isBeforeBlank: Bool) {
        kind = tag.kind
        source = tag.range
        self.offset = offset
        name = tag.name
        isVisible = tag.isVisible
        self.isAfterBlank = isAfterBlank
        self.isBeforeBlank = isBeforeBlank
    }

    /// An element that the model lost, which stands where its text was.
    init(lost span: ModelInput.Span) {
        kind = .point
        source = span.source
        offset = span.range.lowerBound
        name = -1
        isVisible = true
        isAfterBlank = true
        isBeforeBlank = true
    }
}

/// Finds which tags belong to an input: those within it, and the other halves of these beside it.
struct InlineTagFinder {
    let text: ScalarText
    let tags: [MarkupText.Tag]

    /// - Parameters:
    ///   - range: the input, in scalars.
    ///   - place: the end of what was read before it, in scalars.
    ///   - byte: the same in UTF-8.
    /// - Returns: the tags, none if no tag is within the input; in time proportional to the number of tags in it and
    ///   beside it.
    func tags(in range: Range<Int>, after place: Int, _ byte: Int) -> ArraySlice<MarkupText.Tag> {
        let first = tags.partitioningIndex { $0.place > range.lowerBound }
        let last = tags.partitioningIndex { $0.place >= range.upperBound }
        guard first < last else { return [] }
        let before = firstBefore(first, range.lowerBound, place, byte)
        let after = lastAfter(last, range.upperBound)
        let partners = partners(before..<after)
        var start = first
        for index in before..<first where start == first {
            if let partner = partners[index - before], partner >= first, partner < last {
                start = index
            }
        }
        var end = last
        for index in last..<after {
            if let partner = partners[index - before], partner >= first, partner < last {
                end = index + 1
            }
        }
        return tags[start..<end]
    }

    /// The first of the tags before an input with nothing but blanks between.
    private func firstBefore(_ first: Int, _ start: Int, _ place: Int, _ byte: Int) -> Int {
        var scalar = start
        while scalar > place, isBlank(scalar - 1) { scalar -= 1 }
        var index = first
        while index > 0, tags[index - 1].place >= scalar, tags[index - 1].range.lowerBound >= byte {
            index -= 1
        }
        return index
    }

    /// The end of the tags after an input with nothing but blanks between.
    private func lastAfter(_ last: Int, _ end: Int) -> Int {
        var scalar = end
        while scalar < text.count, isBlank(scalar) { scalar += 1 }
        var index = last
        while index < tags.count, tags[index].place <= scalar { index += 1 }
        return index
    }

    private func isBlank(_ index: Int) -> Bool {
        text.scalars[index].isBlank && text.scalars[index] != MarkupText.separator
    }

    /// For each tag its other half, where the tags are nested.
    private func partners(_ range: Range<Int>) -> [Int?] {
        var partners = [Int?](repeating: nil, count: range.count)
        var open: [Int] = []
        for index in range {
            switch tags[index].kind {
            case .point: break
            case .start: open.append(index)
            case .end:
                guard let start = open.last, tags[start].name == tags[index].name else { continue }
                open.removeLast()
                partners[index - range.lowerBound] = start
                partners[start - range.lowerBound] = index
            }
        }
        return partners
    }
}
