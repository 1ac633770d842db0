/// Takes texts apart into what is copied and what a model translates.
public final class TextPreparer: Sendable {
    private let options: PreparationOptions
    private let segmenter: SentenceSegmenter
    private let rules: LanguageRules
    private let finder: SpanFinder
    private let cases: CaseRules

    /// Prepares what all texts of one request share, in time proportional to its protected terms.
    public init(_ options: PreparationOptions) {
        self.options = options
        rules = .of(options.source)
        // In markup the ends of lines are blanks, and those of blocks part in any case.
        segmenter = SentenceSegmenter(
            language: options.source,
            lineBreaks: options.markup == nil ? options.lineBreaks : .boundaries)
        finder = SpanFinder(
            kinds: options.protectedKinds, terms: TermMatcher(options.protectedTerms),
            glossary: options.glossary)
        cases = CaseRules(
            running: RunningCase(
                rules: rules, isTurkic: Self.isTurkic(options.source), score: options.wordScore,
                usualForm: options.usualForm),
            target: .of(options.target), targetIsTurkic: Self.isTurkic(options.target))
    }

    private static func isTurkic(_ tag: String?) -> Bool {
        let code = tag?.lowercased().prefix { $0 != "-" && $0 != "_" } ?? ""
        return ["tr", "az", "tur", "aze"].contains(code)
    }

    /// Takes a text apart, in time proportional to its length.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - marked: places that are protected, in UTF-8 offsets of the text. What is beyond the text or no whole
    ///     scalar is cut to it.
    /// - Returns: the parts, what the model translates among them.
    public func prepare(_ text: String, marked: [Range<Int>] = []) -> PreparedText {
        let markup = options.markup.map { MarkupReader.read(text, $0) }
        let scalarText = markup?.text ?? ScalarText(text)
        let places = marked.map {
            let start = scalarText.index(ofByte: $0.lowerBound)
            return start..<max(start, scalarText.index(ofByte: $0.upperBound))
        }
        let spans = finder.spans(
            of: scalarText.scalars, marked: places, elements: markup?.kept ?? [])
        var builder = PreparedTextBuilder(
            text: scalarText, spans: spans, tags: markup?.tags ?? [], options: options,
            cases: cases)
        for segment in segmenter.segments(scalarText, Self.masked(scalarText, spans)) {
            let content = LineSplitter(scalars: scalarText.scalars, rules: rules)
                .contentStart(segment.range)
            builder.add(segment, contentStart: content, rules: rules)
        }
        return builder.finish(text)
    }

    /// The classes of the scalars, with the spans that could be mistaken for sentences' ends hidden.
    private static func masked(_ text: ScalarText, _ spans: [SpanMatch]) -> [SentenceBreakClass] {
        var classes = text.scalars.map { SentenceBreakClass($0) }
        for span in spans where span.kind != .quantity && span.kind != .emoji {
            // The words around a tag are as if it were not there.
            let type: SentenceBreakClass = span.kind == .tag ? .format : .opaque
            for index in span.range where !classes[index].endsParagraph { classes[index] = type }
        }
        return classes
    }
}

/// Collects the units of a text.
struct PreparedTextBuilder {
    let text: ScalarText
    let spans: [SpanMatch]
    let options: PreparationOptions
    let cases: CaseRules
    private let finder: InlineTagFinder
    private var units: [PreparedText.Unit] = []
    private var sentences: [PreparedText.Sentence] = []
    private var inputs: [ModelInput] = []
    /// Where what was not yet added begins.
    private var place = 0
    /// The same in UTF-8.
    private var byte = 0
    /// The first span that does not end before `place`.
    private var nextSpan = 0

    init(
        text: ScalarText, spans: [SpanMatch], tags: [MarkupText.Tag], options: PreparationOptions,
        cases: CaseRules
    ) {
        finder = InlineTagFinder(text: text, tags: tags)
        self.text = text
        self.spans = spans
        self.options = options
        self.cases = cases
    }

    /// Adds the sentences of a line.
    mutating func add(
        _ segment: SentenceSegmenter.Segment, contentStart: Int, rules: LanguageRules
    ) {
        var starts = [segment.range.lowerBound]
        if options.splitsSentences {
            for boundary in segment.boundaries {
                let start = beforeOpeningTags(boundary)
                if start > starts[starts.count - 1] { starts.append(start) }
            }
        }
        let splitter = LineSplitter(scalars: text.scalars, rules: rules)
        for (start, end) in zip(starts, starts.dropFirst() + [segment.range.upperBound]) {
            // A sentence after the first begins with a mark only if it is an item.
            let isItem = start > segment.range.lowerBound && beginsItem(start)
            let first = isItem ? splitter.contentStart(start..<end) : max(start, contentStart)
            add(first: first, end: end)
        }
    }

    /// The place before the tags that open at a boundary, so that they stay with what they enclose.
    private func beforeOpeningTags(_ boundary: Int) -> Int {
        var start = boundary
        var next = spans.partitioningIndex { $0.range.upperBound > boundary }
        while next > 0, spans[next - 1].kind == .tag, spans[next - 1].range.upperBound == start,
            text.scalars[spans[next - 1].range.lowerBound + 1] != "/"
        {
            start = spans[next - 1].range.lowerBound
            next -= 1
        }
        return start
    }

    /// Whether a sentence within a line begins as an item of a list does.
    private func beginsItem(_ start: Int) -> Bool {
        let scalar = text.scalars[start]
        return !SentenceBreakClass(scalar).isLetter || !SentenceBreakClass(at(start + 1)).isLetter
    }

    private func at(_ index: Int) -> Unicode.Scalar {
        index < text.count ? text.scalars[index] : "\n"
    }

    private mutating func add(first: Int, end: Int) {
        // What is before the line's words may reach beyond its first sentence.
        var range = text.scalars.trimmed(first..<max(first, end))
        while nextSpan < spans.count, spans[nextSpan].range.upperBound <= range.lowerBound {
            nextSpan += 1
        }
        if nextSpan < spans.count, spans[nextSpan].isElement, !range.isEmpty {
            // What looks like the mark of a list may be a part of an element.
            let start = max(place, spans[nextSpan].range.lowerBound)
            range = min(range.lowerBound, start)..<range.upperBound
        }
        let inside = spans[nextSpan...].prefix { $0.range.lowerBound < range.upperBound }
        guard !range.isEmpty, hasLetters(range, beside: inside) else { return }
        addSentence(range, inside)
    }

    /// Whether there is a letter outside of the spans.
    private func hasLetters(_ range: Range<Int>, beside spans: ArraySlice<SpanMatch>) -> Bool {
        var place = range.lowerBound
        for span in spans {
            if span.range.lowerBound > place, hasLetters(place..<span.range.lowerBound) {
                return true
            }
            place = max(place, span.range.upperBound)
        }
        return place < range.upperBound && hasLetters(place..<range.upperBound)
    }

    private func hasLetters(_ range: Range<Int>) -> Bool {
        range.contains { SentenceBreakClass(text.scalars[$0]).isLetter }
    }

    private mutating func addSentence(_ range: Range<Int>, _ spans: ArraySlice<SpanMatch>) {
        var sentence = CleanSentence(text.scalars, range, spans: spans)
        let needsWords = options.adaptsCase || options.completesSentences
        let words = needsWords ? CasedWord.all(in: sentence) : []
        let casing = options.adaptsCase ? cases.normalise(&sentence, words) : .running
        let pieces = LongSentence.pieces(of: sentence, options.limit)
        let first = inputs.count
        for (index, piece) in pieces.enumerated() {
            let isLast = index == pieces.count - 1
            let mark = isLast ? missingMark(of: sentence, piece, wordCount: words.count) : nil
            add(piece, of: sentence, casing, mark)
        }
        let start = inputs[first].source.lowerBound
        sentences.append(
            PreparedText.Sentence(source: start..<byte, inputs: first..<inputs.count)
        )
    }

    /// The mark that a sentence's last part is given for the model, if it is then still short enough.
    private func missingMark(
        of sentence: CleanSentence, _ piece: Range<Int>, wordCount: Int
    ) -> Unicode.Scalar? {
        let rules = cases.running.rules
        guard options.completesSentences,
            let mark = sentence.missingMark(rules, wordCount: wordCount)
        else { return nil }
        return options.limit?.holds(sentence.scalars[piece], mark) ?? true ? mark : nil
    }

    /// Adds a part of a sentence without the blanks around it.
    private mutating func add(
        _ piece: Range<Int>, of sentence: CleanSentence, _ casing: Casing, _ mark: Unicode.Scalar?
    ) {
        let piece = sentence.scalars.trimmed(piece)
        guard let last = piece.last else { return }
        // Format characters at the edges are copied, so that pairs of them stay pairs.
        let scalars = sentence.origins[piece.lowerBound]..<(sentence.origins[last] + 1)
        let tags = finder.tags(in: scalars, after: place, byte)
        var source = text.bytes(scalars)
        if let first = tags.first, let last = tags.last {
            source =
                min(
                    source.lowerBound, first.range.lowerBound)..<max(
                    source.upperBound, last.range.upperBound)
        }
        if byte < source.lowerBound { units.append(.copied(byte..<source.lowerBound)) }
        units.append(.input(inputs.count))
        inputs.append(
            InputBuilder(text: text, sentence: sentence, piece: piece, tags: tags).input(
                source: source, sentence: sentences.count, casing: casing, mark: mark,
                followsDirectly: !inputs.isEmpty && place == scalars.lowerBound))
        place = scalars.upperBound
        byte = source.upperBound
    }

    /// Adds the rest of the text.
    mutating func finish(_ source: String) -> PreparedText {
        let count = text.offsets[text.count]
        if byte < count { units.append(.copied(byte..<count)) }
        return PreparedText(
            source: source, units: units, sentences: sentences, inputs: inputs, cases: cases,
            syntax: options.markup?.syntax, markup: options.markup == nil ? [] : Array(source.utf8))
    }
}
