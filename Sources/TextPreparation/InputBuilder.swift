/// Makes an input of a part of a sentence.
struct InputBuilder {
    let text: ScalarText
    let sentence: CleanSentence
    /// The part, in scalars of the sentence.
    let piece: Range<Int>
    /// The tags in the part.
    let tags: ArraySlice<MarkupText.Tag>

    /// The input with its spans and the map to the text.
    ///
    /// - Parameters:
    ///   - source: the place in the text, in UTF-8 offsets.
    ///   - index: the index of the sentence.
    ///   - casing: the case of the sentence.
    ///   - mark: what the model is given behind the part, that the text has not.
    ///   - followsDirectly: whether nothing that is read stands between it and the input before.
    /// - Returns: the input, in time proportional to its length.
    func input(
        source: Range<Int>, sentence index: Int, casing: Casing,
        mark: Unicode.Scalar?, followsDirectly: Bool
    ) -> ModelInput {
        var offsets: [Int] = []
        offsets.reserveCapacity(piece.count + 1)
        var shifts: [ModelInput.Shift] = []
        var offset = 0
        for place in piece {
            let origin = text.offsets[sentence.origins[place]]
            let distance = shifts.last.map { $0.source - $0.text }
            if distance != origin - offset {
                shifts.append(ModelInput.Shift(text: offset, source: origin))
            }
            offsets.append(offset)
            offset += UTF8.width(sentence.scalars[place])
        }
        offsets.append(offset)
        let spans = sentence.spans[firstSpan...].prefix { $0.range.lowerBound < piece.upperBound }
            .map { span in
                let inside = span.range.clamped(to: piece)
                let start = offsets[inside.lowerBound - piece.lowerBound]
                return ModelInput.Span(
                    kind: span.kind, range: start..<offsets[inside.upperBound - piece.lowerBound],
                    source: text.bytes(span.source),
                    output: span.output ?? String(sentence.scalars[inside]),
                    isElement: span.isElement)
            }
        return ModelInput(
            text: String(sentence.scalars[piece]) + (mark.map { String($0) } ?? ""),
            sentence: index, source: source, spans: spans, casing: casing, mark: mark,
            end: sentence.origins[piece].last.map(text.end) ?? source.upperBound, shifts: shifts,
            markup: markup(offsets), followsDirectly: followsDirectly)
    }

    /// The tags with their places in the input's text.
    private func markup(_ offsets: [Int]) -> InlineMarkup? {
        guard let first = tags.first, let last = tags.last else { return nil }
        let origins = sentence.origins[piece]
        var next = origins.startIndex
        let placed = tags.map { tag in
            while next < origins.endIndex, origins[next] < tag.place { next += 1 }
            return InlineMarkup.Tag(
                tag, offset: offsets[next - piece.lowerBound],
                isAfterBlank: tag.place > 0 && text.scalars[tag.place - 1].isBlank,
                isBeforeBlank: tag.dropsBlank
                    || (tag.place < text.count && text.scalars[tag.place].isBlank))
        }
        let end = (origins.last ?? 0) + 1
        return InlineMarkup(
            tags: placed, lead: blanks(from: first.place, to: origins.first ?? 0),
            tail: blanks(from: end, to: last.place))
    }

    /// What stands between the edge of the part and a tag beyond it.
    private func blanks(from start: Int, to end: Int) -> String {
        start < end ? String(text.scalars[start..<end]) : ""
    }

    /// The index of the first span that ends in the part or behind it.
    private var firstSpan: Int {
        sentence.spans.partitioningIndex { $0.range.upperBound > piece.lowerBound }
    }
}
