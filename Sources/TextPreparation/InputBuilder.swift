/// Makes an input of a part of a sentence.
struct InputBuilder {
    let text: ScalarText
    let sentence: CleanSentence
    /// The part, in scalars of the sentence.
    let piece: Range<Int>

    /// The input with its spans and the map to the text.
    ///
    /// - Parameters:
    ///   - source: the place in the text, in scalars.
    ///   - index: the index of the sentence.
    ///   - casing: the case of the sentence.
    /// - Returns: the input, in time proportional to its length.
    func input(source: Range<Int>, sentence index: Int, casing: Casing) -> ModelInput {
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
                    output: span.output ?? String(sentence.scalars[inside]))
            }
        return ModelInput(
            text: String(sentence.scalars[piece]), sentence: index, source: text.bytes(source),
            spans: spans, casing: casing, shifts: shifts)
    }

    /// The index of the first span that ends in the part or behind it.
    private var firstSpan: Int {
        sentence.spans.partitioningIndex { $0.range.upperBound > piece.lowerBound }
    }
}
