extension ModelInput {
    /// A translation with the protected spans that the model changed, each in the place of what it was changed to.
    ///
    /// The alignment says what that is: the run of tokens that were made from the span. So the sentence stays whole,
    /// where `parts` would cut it.
    ///
    /// - Parameter translation: a translation that does not keep the spans.
    /// - Returns: nil where some span became nothing, or a part of a word, or came out too often; then `parts` are
    ///   left. Takes time proportional to the lengths.
    public func repaired(_ translation: InputTranslation) -> InputTranslation? {
        guard !translation.alignment.isEmpty else { return nil }
        let repair = SpanRepair(self, translation)
        guard let repaired = repair.repaired(), keepsSpans(repaired.text) else { return nil }
        return repaired
    }
}

/// Puts protected spans in the place of what a model made of them.
struct SpanRepair {
    private let input: ModelInput
    private let text: [UInt8]
    private let alignment: [AlignedSpan]
    private let places: [Occurrences.Place]

    init(_ input: ModelInput, _ translation: InputTranslation) {
        self.input = input
        text = Array(translation.text.utf8)
        let count = text.count
        alignment = translation.alignment.map {
            AlignedSpan(target: $0.target.clamped(to: 0..<count), source: $0.source)
        }
        places = Occurrences(of: input, in: translation.text, alignment).places
    }

    /// The translation with what was changed replaced; nil where the alignment does not say what that is.
    func repaired() -> InputTranslation? {
        var replaced: [(range: Range<Int>, span: ModelInput.Span)] = []
        let kept = Set(places.map(\.span.range))
        for span in input.spans where !kept.contains(span.range) {
            guard let run = run(madeFrom: span) else { return nil }
            replaced.append((run, span))
        }
        replaced.sort { $0.range.lowerBound < $1.range.lowerBound }
        for (left, right) in zip(replaced, replaced.dropFirst())
        where left.range.upperBound > right.range.lowerBound {
            return nil
        }
        return replace(replaced)
    }

    /// The longest run of tokens made from a span, without the blanks around it.
    private func run(madeFrom span: ModelInput.Span) -> Range<Int>? {
        var best = 0..<0
        var run = 0..<0
        for pair in alignment where !pair.target.isEmpty {
            let common = pair.source.clamped(to: span.range).count
            guard common > 0, common * 2 >= pair.source.count else { continue }
            let goesOn = !run.isEmpty && isBlank(run.upperBound, pair.target.lowerBound)
            run = (goesOn ? run.lowerBound : pair.target.lowerBound)..<pair.target.upperBound
            if run.count > best.count { best = run }
        }
        best = trimmed(best)
        let isFree = places.allSatisfy { !$0.target.overlaps(best) }
        return best.isEmpty || !isFree || isInWord(best) ? nil : best
    }

    /// Whether nothing but a blank stands between two tokens.
    private func isBlank(_ start: Int, _ end: Int) -> Bool {
        start == end || (start + 1 == end && text[start] == 0x20)
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (first, last) = (range.lowerBound, range.upperBound)
        while first < last, text[first] == 0x20 { first += 1 }
        while last > first, text[last - 1] == 0x20 { last -= 1 }
        return first..<last
    }

    /// Whether a letter or digit goes on with the word at an edge.
    private func isInWord(_ range: Range<Int>) -> Bool {
        func isWord(_ index: Int) -> Bool {
            guard text.indices.contains(index) else { return false }
            return text[index] >= 0x80 || CharacterReferences.isAlphanumeric(text[index])
        }
        return isWord(range.lowerBound - 1) && isWord(range.lowerBound)
            || isWord(range.upperBound - 1) && isWord(range.upperBound)
    }

    private func replace(_ replaced: [(range: Range<Int>, span: ModelInput.Span)])
        -> InputTranslation
    {
        var result: [UInt8] = []
        var pairs: [AlignedSpan] = []
        var rest = alignment[...]
        var place = 0
        func copy(to end: Int) {
            let shift = result.count - place
            while let pair = rest.first, pair.target.lowerBound < end {
                rest.removeFirst()
                guard pair.target.lowerBound >= place else { continue }
                let target = pair.target.clamped(to: place..<end)
                pairs.append(
                    AlignedSpan(target: target, source: pair.source).moved(target: shift, source: 0)
                )
            }
            result += text[place..<end]
            place = end
        }
        for (range, span) in replaced {
            copy(to: range.lowerBound)
            let start = result.count
            result += span.output.utf8
            pairs.append(AlignedSpan(target: start..<result.count, source: span.range))
            place = range.upperBound
        }
        copy(to: text.count)
        return InputTranslation(String(decoding: result, as: UTF8.self), alignment: pairs)
    }
}
