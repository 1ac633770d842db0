/// Where the protected spans of an input stand in its translation.
struct Occurrences {
    /// A span and its text in the translation.
    struct Place {
        let target: Range<Int>
        let span: ModelInput.Span
    }

    /// The spans that the translation has, ascending.
    private(set) var places: [Place] = []
    /// The elements that it lost.
    private(set) var lost: [ModelInput.Span] = []

    /// Those of elements that are not translated.
    var elements: [Place] { places.filter(\.span.isElement) }

    /// Finds the spans of an input by their texts; of equal ones each goes to the one that it is aligned to.
    init(of input: ModelInput, in text: String, _ alignment: [AlignedSpan]) {
        guard !input.spans.isEmpty else { return }
        var found: [String: [Range<Int>]] = [:]
        for (name, range) in input.audit.occurrences(in: text) {
            found[name, default: []].append(range)
        }
        let byText = Dictionary(grouping: input.spans, by: \.output)
        for (name, spans) in byText { match(spans, found[name] ?? [], alignment) }
        places.sort { $0.target.lowerBound < $1.target.lowerBound }
        lost.sort { $0.range.lowerBound < $1.range.lowerBound }
    }

    private mutating func match(
        _ spans: [ModelInput.Span], _ ranges: [Range<Int>], _ alignment: [AlignedSpan]
    ) {
        var isUsed = [Bool](repeating: false, count: spans.count)
        var rest: [Range<Int>] = []
        for range in ranges {
            if let index = aligned(range, to: spans, alignment), !isUsed[index] {
                isUsed[index] = true
                places.append(Place(target: range, span: spans[index]))
            } else {
                rest.append(range)
            }
        }
        var free = rest[...]
        for (span, isUsed) in zip(spans, isUsed) where !isUsed {
            if let range = free.popFirst() {
                places.append(Place(target: range, span: span))
            } else if span.isElement {
                lost.append(span)
            }
        }
    }

    /// The index of the span that a range is aligned to.
    private func aligned(
        _ range: Range<Int>, to spans: [ModelInput.Span], _ alignment: [AlignedSpan]
    ) -> Int? {
        let next = alignment.partitioningIndex { $0.target.upperBound > range.lowerBound }
        guard next < alignment.count else { return nil }
        let source = alignment[next].source.lowerBound
        let index = spans.partitioningIndex { $0.range.upperBound > source }
        return index < spans.count && spans[index].range.contains(source) ? index : nil
    }
}
