/// Writes units and tags.
struct MarkupWriter {
    /// The translation.
    let text: [UInt8]
    let units: [PlacedUnit]
    /// The original text.
    let original: [UInt8]
    let tags: [InlineMarkup.Tag]
    /// The elements that come out with their tags, ascending.
    let elements: [Occurrences.Place]
    let isXML: Bool

    /// What was written last, tags aside.
    private struct State {
        var isAfterBlank = true
        var needsBlank = false
    }

    /// Appends the translation.
    ///
    /// - Parameters:
    ///   - events: the tags, ascending.
    ///   - lead: blanks before the first tag.
    ///   - tail: blanks behind the last one.
    ///   - output: what it is appended to.
    func write(
        _ events: [TagLayout.Event], lead: String, tail: String, to output: inout [UInt8]
    ) {
        var events = events[...]
        var elements = elements[...]
        var state = State()
        var place = 0
        output += lead.utf8
        for index in 0...units.count {
            let start = index < units.count ? units[index].unit.range.lowerBound : text.count
            let here = events.prefix { $0.place == index }
            events.removeFirst(here.count)
            let blanks = text[place..<start]
            let parted = blanks.isEmpty ? here.endIndex : split(here)
            for event in here[..<parted] { write(tags[event.tag], &state, to: &output) }
            if !blanks.isEmpty {
                output += blanks
                state = State()
            }
            for event in here[parted...] { write(tags[event.tag], &state, to: &output) }
            guard index < units.count else { break }
            let unit = units[index].unit
            if state.needsBlank, unit.isWord { output.append(0x20) }
            if let element = elements.first, element.target == unit.range {
                elements.removeFirst()
                output += original[element.span.source]
            } else {
                CharacterReferences.appendEncoded(text[unit.range], to: &output, isXML: isXML)
            }
            state = State(isAfterBlank: false)
            place = unit.range.upperBound
        }
        output += tail.utf8
    }

    /// How many of the tags between two units stand before the blank between them: so that as many as can be stand
    /// on the side on which they stood.
    private func split(_ events: ArraySlice<TagLayout.Event>) -> Int {
        var misplaced = events.count { standsBefore(tags[$0.tag]) }
        var best = (misplaced, events.startIndex)
        for index in events.indices {
            misplaced += standsBefore(tags[events[index].tag]) ? -1 : 1
            if misplaced < best.0 { best = (misplaced, index + 1) }
        }
        return best.1
    }

    private func standsBefore(_ tag: InlineMarkup.Tag) -> Bool {
        switch tag.kind {
        case .start: tag.isBeforeBlank && !tag.isAfterBlank
        case .end: tag.isBeforeBlank || !tag.isAfterBlank
        case .point: !tag.isAfterBlank
        }
    }

    /// Writes a tag; what is seen keeps a blank on each side where it had one.
    private func write(_ tag: InlineMarkup.Tag, _ state: inout State, to output: inout [UInt8]) {
        if tag.isVisible {
            if tag.isAfterBlank, !state.isAfterBlank {
                output.append(0x20)
                state.isAfterBlank = true
            }
            state.needsBlank = tag.isBeforeBlank
        }
        output += original[tag.source]
    }
}
