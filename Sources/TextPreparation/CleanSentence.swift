/// A sentence as the model reads it, with the place in the text that each scalar comes from.
struct CleanSentence {
    /// A protected span by its places in the sentence and in the text, in scalars.
    struct Span {
        let kind: ProtectedSpan.Kind
        let range: Range<Int>
        let source: Range<Int>
        /// What stands for it in the translation; nil for the span itself.
        let output: String?
        let isElement: Bool

        /// The same span of a sentence in which it stands elsewhere.
        func moved(by distance: Int) -> Self {
            Self(
                kind: kind,
                range: (range.lowerBound + distance)..<(range.upperBound + distance),
                source: source, output: output, isElement: isElement)
        }
    }

    private(set) var scalars: [Unicode.Scalar] = []
    /// The place in the text of each scalar.
    private(set) var origins: [Int] = []
    private(set) var spans: [Span] = []

    /// Takes format characters out of a sentence, and ends of lines, but nothing out of protected spans.
    ///
    /// - Parameters:
    ///   - text: the whole text.
    ///   - range: the sentence.
    ///   - spans: the protected spans in the range, ascending.
    init(_ text: [Unicode.Scalar], _ range: Range<Int>, spans: ArraySlice<SpanMatch>) {
        scalars.reserveCapacity(range.count)
        origins.reserveCapacity(range.count)
        var place = range.lowerBound
        for span in spans {
            let source = span.range.clamped(to: range)
            appendClean(text, place..<source.lowerBound, range)
            let start = scalars.count
            scalars += text[source]
            origins += source
            self.spans.append(
                Span(
                    kind: span.kind, range: start..<scalars.count, source: source,
                    output: span.output, isElement: span.isElement))
            place = source.upperBound
        }
        appendClean(text, place..<range.upperBound, range)
    }

    private mutating func appendClean(
        _ text: [Unicode.Scalar], _ part: Range<Int>, _ sentence: Range<Int>
    ) {
        var place = part.lowerBound
        while place < part.upperBound {
            if LineSplitter.endsLine(text[place]) {
                place = appendLineEnd(text, place, sentence)
                continue
            }
            if !FormatCharacters.removes(text[place], after: scalars.last) {
                scalars.append(text[place])
                origins.append(place)
            }
            place += 1
        }
    }

    /// A line's end with the blanks around it becomes a blank, or nothing in a script without blanks.
    ///
    /// - Returns: the place behind the blanks.
    private mutating func appendLineEnd(
        _ text: [Unicode.Scalar], _ place: Int, _ sentence: Range<Int>
    ) -> Int {
        var next = place
        while next < sentence.upperBound, text[next].isBlank { next += 1 }
        let spanEnd = spans.last?.range.upperBound ?? 0
        while let last = scalars.last, last.isBlank, spanEnd < scalars.count {
            scalars.removeLast()
            origins.removeLast()
        }
        let isSpaceless =
            scalars.last.map(SpacelessScript.contains) ?? false && next < sentence.upperBound
            && SpacelessScript.contains(text[next])
        if !isSpaceless {
            scalars.append(" ")
            origins.append(place)
        }
        return next
    }

    /// Replaces ranges of scalars outside of the spans by as many others, or by fewer, but two at least: the first and the last keep
    /// their places in the text, so that a range still ends where it ended.
    ///
    /// - Parameter changes: ascending; time is proportional to the sentence.
    mutating func replace(_ changes: [(range: Range<Int>, text: [Unicode.Scalar])]) {
        var scalars: [Unicode.Scalar] = []
        var origins: [Int] = []
        scalars.reserveCapacity(self.scalars.count)
        origins.reserveCapacity(self.origins.count)
        var place = 0
        var moved: [Span] = []
        var rest = spans[...]
        func takeSpans(before end: Int) {
            while let span = rest.first, span.range.lowerBound < end {
                moved.append(span.moved(by: scalars.count - place))
                rest.removeFirst()
            }
        }
        for (range, text) in changes {
            precondition(
                text.count == range.count || text.count > 1 && text.count < range.count,
                "as many scalars, or fewer but two")
            takeSpans(before: range.lowerBound)
            scalars += self.scalars[place..<range.lowerBound] + text
            let inner = range.lowerBound..<(range.lowerBound + text.count - 1)
            origins += self.origins[place..<range.lowerBound] + self.origins[inner]
            origins.append(self.origins[range.upperBound - 1])
            place = range.upperBound
        }
        takeSpans(before: .max)
        scalars += self.scalars[place...]
        origins += self.origins[place...]
        self.scalars = scalars
        self.origins = origins
        spans = moved
    }

    /// Whether a mark that ends sentences stands at the end, behind it at most closing ones.
    var endsWithTerminator: Bool {
        let last = scalars.last {
            let type = SentenceBreakClass($0)
            return type != .close && type != .space
        }
        return last.map { SentenceBreakClass($0).isTerminator } ?? false
    }

    /// The mark that ends the sentence where it has none: a question mark after a word that asks.
    ///
    /// A heading of one or two words, and what ends with a mark of any kind or with a protected span, lacks none.
    ///
    /// - Parameters:
    ///   - rules: of its language.
    ///   - wordCount: how many words it has outside of its spans.
    /// - Returns: the mark; nil where none is missing.
    func missingMark(_ rules: LanguageRules, wordCount: Int) -> Unicode.Scalar? {
        guard rules.writesSpaces, wordCount >= CaseRules.sentenceWords, let last = scalars.last,
            Self.endsWord(last),
            spans.last.map({ $0.kind == .quantity || $0.range.upperBound < scalars.count }) ?? true
        else { return nil }
        let first = String(
            scalars.prefix { !$0.isBlank }.filter { $0 != "," }
                .map { Line.isApostrophe($0.value) ? "'" : $0 }
        )
        .lowercased()
        return rules.questions.contains(first) ? "?" : "."
    }

    private static func endsWord(_ scalar: Unicode.Scalar) -> Bool {
        let type = SentenceBreakClass(scalar)
        return type.isLetter || type == .numeric || type == .extend
    }
}

/// Scalars of the category Cf, which no reader sees.
enum FormatCharacters {
    /// Whether a scalar is taken out: not a joiner in a script or emoji that needs it, nor a sign that encloses
    /// digits.
    ///
    /// - Parameters:
    ///   - scalar: the scalar.
    ///   - before: the last one that stays.
    /// - Returns: whether it is taken out.
    static func removes(_ scalar: Unicode.Scalar, after before: Unicode.Scalar?) -> Bool {
        guard scalar.value == 0xAD || scalar.value >= 0x600,
            scalar.properties.generalCategory == .format
        else { return false }
        switch scalar.value {
        case 0x600...0x605, 0x6DD, 0x70F, 0x890...0x891, 0x8E2, 0x110BD, 0x110CD, 0x13430...0x1345F:
            return false
        case 0x200C, 0x200D:
            guard let before else { return true }
            return !joins(before)
        default: return true
        }
    }

    /// Scripts whose letters change with ZWJ and ZWNJ, and emoji.
    private static func joins(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x600...0x8FF, 0x900...0xDFF, 0xF00...0x109F, 0x1780...0x18AF, 0xA840...0xA87F,
            0xFB50...0xFDFF, 0xFE70...0xFEFE, 0x10A00...0x11FFF, 0xFE0F, 0x1F3FB...0x1F3FF:
            true
        default: scalar.value >= 0xA9 && scalar.properties.isEmoji
        }
    }
}
