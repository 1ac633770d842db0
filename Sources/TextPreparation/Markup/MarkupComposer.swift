/// Writes the translation of an input with its tags.
struct MarkupComposer {
    private let input: ModelInput
    /// The original text.
    private let original: [UInt8]
    private let isXML: Bool

    /// More is not weighed: tags keep their order and their share of the text.
    private static let mostWork = 1 << 18

    init(_ input: ModelInput, original: [UInt8], syntax: MarkupOptions.Syntax) {
        self.input = input
        self.original = original
        isXML = syntax == .xml
    }

    /// Appends the translation, encoded, with each tag once.
    ///
    /// What the model left as it was comes back byte for byte.
    ///
    /// - Parameters:
    ///   - translation: what the model made.
    ///   - restored: the same in the case of the original.
    ///   - output: what it is appended to.
    func append(_ translation: InputTranslation, restored: String, to output: inout [UInt8]) {
        if input.casing == .running, translation.text == input.unmarkedText {
            output += original[input.source]
            return
        }
        guard input.markup != nil || input.spans.contains(where: \.isElement) else {
            CharacterReferences.appendEncoded(restored.utf8, to: &output, isXML: isXML)
            return
        }
        let spans = Occurrences(of: input, in: restored, translation.alignment)
        let elements = spans.elements
        let tags = merged(spans.lost)
        let source = UnitSplitter.units(
            input.text, cuts: tags.map(\.offset),
            wholes: input.spans.filter(\.isElement).map(\.range))
        let target = UnitSplitter.units(restored, wholes: elements.map(\.target))
        let alignment = adapted(translation, restored, to: target)
        let (units, events) = place(tags, source, target, alignment, spans, restored)
        MarkupWriter(
            text: Array(restored.utf8), units: units, original: original, tags: tags,
            elements: elements, isXML: isXML
        ).write(events, lead: input.markup?.lead ?? "", tail: input.markup?.tail ?? "", to: &output)
    }

    /// The tags, with those of the elements that the model lost.
    private func merged(_ lost: [ModelInput.Span]) -> [InlineMarkup.Tag] {
        var tags = input.markup?.tags ?? []
        guard !lost.isEmpty else { return tags }
        tags += lost.map { InlineMarkup.Tag(lost: $0) }
        return tags.enumerated().sorted {
            ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset)
        }.map(\.element)
    }

    /// The alignment of the restored text; none where its words are others than the translation's.
    private func adapted(
        _ translation: InputTranslation, _ restored: String, to target: [TextUnit]
    ) -> [AlignedSpan] {
        guard translation.text != restored else { return translation.alignment }
        let elements = Occurrences(of: input, in: translation.text, []).elements
        let before = UnitSplitter.units(translation.text, wholes: elements.map(\.target))
        guard before.count == target.count else { return [] }
        return CaseAlignment(from: before, to: target).moved(translation.alignment)
    }

    private func place(
        _ tags: [InlineMarkup.Tag], _ source: [TextUnit], _ target: [TextUnit],
        _ alignment: [AlignedSpan], _ spans: Occurrences, _ restored: String
    ) -> ([PlacedUnit], [TagLayout.Event]) {
        guard (tags.count + 1) * (source.count + target.count) <= Self.mostWork, !source.isEmpty,
            let tree = InlineTree(tags, count: input.text.utf8.count)
        else { return inOrder(tags, source, target, alignment) }
        let owners = tree.owners(of: source, tags)
        let depths = tree.nodes.map(\.depth)
        var sources = UnitAlignment(source: source, owners: owners, depths: depths)
            .sources(of: target, alignment)
        anchor(&sources, source, target, spans)
        let words = WordParts(
            source: source, owners: owners, depths: depths, sourceBytes: Array(input.text.utf8),
            targetBytes: Array(restored.utf8))
        let units = zip(target, sources).flatMap { words.parts(of: $0, from: $1) }
        var layout = TagLayout(tree, tags, sources: source, owners: owners, units: units)
        return (units, layout.layOut())
    }

    /// Has protected spans come from themselves.
    private func anchor(
        _ sources: inout [Int], _ source: [TextUnit], _ target: [TextUnit], _ spans: Occurrences
    ) {
        for place in spans.places {
            var index = target.partitioningIndex { $0.range.upperBound > place.target.lowerBound }
            while index < target.count, target[index].range.lowerBound < place.target.upperBound {
                let distance = max(0, target[index].range.lowerBound - place.target.lowerBound)
                let offset = place.span.range.lowerBound + min(distance, place.span.range.count - 1)
                let found = source.partitioningIndex { $0.range.upperBound > offset }
                if found < source.count { sources[index] = found }
                index += 1
            }
        }
    }

    /// Tags in the order of the original, each behind as many units as were made from what is before it.
    private func inOrder(
        _ tags: [InlineMarkup.Tag], _ source: [TextUnit], _ target: [TextUnit],
        _ alignment: [AlignedSpan]
    ) -> ([PlacedUnit], [TagLayout.Event]) {
        let sources = UnitAlignment(
            source: source, owners: [Int](repeating: 0, count: source.count), depths: [0]
        ).sources(of: target, alignment)
        let places = sources.map { source[$0].range.lowerBound }.sorted()
        let units = target.map { PlacedUnit(unit: $0, source: -1, owner: 0) }
        let events = tags.enumerated().map { index, tag in
            TagLayout.Event(place: places.partitioningIndex { $0 >= tag.offset }, tag: index)
        }
        return (units, events)
    }
}

/// Moves an alignment to the same text in another case, whose letters may have other lengths.
struct CaseAlignment {
    let from: [TextUnit]
    let to: [TextUnit]

    /// The alignment by whole units: a token that is a part of one stands for all of it.
    func moved(_ alignment: [AlignedSpan]) -> [AlignedSpan] {
        alignment.compactMap { pair in
            let first = from.partitioningIndex { $0.range.upperBound > pair.target.lowerBound }
            let last = from.partitioningIndex { $0.range.lowerBound >= pair.target.upperBound }
            guard first < last, last <= to.count else { return nil }
            let range = to[first].range.lowerBound..<to[last - 1].range.upperBound
            return AlignedSpan(target: range, source: pair.source)
        }
    }
}
