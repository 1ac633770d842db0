/// Parts a text into sentences: UAX #29, refined by a language's abbreviations, ordinals and quotations.
///
/// Nothing of the text is lost: the ranges join to the whole.
public struct SentenceSegmenter: Sendable {
    /// What the ends of lines are.
    public enum LineBreaks: Sendable {
        /// A sentence never goes beyond its line.
        case boundaries
        /// Lines are wrapped: a sentence goes on in the next line, unless that is blank or begins with a mark
        /// of a list.
        case blanks
    }

    private let rules: LanguageRules
    private let lineBreaks: LineBreaks

    /// - Parameters:
    ///   - language: the text's language as a tag such as `de` or `de-AT`; an unknown one, or nil, means what
    ///     holds in most languages.
    ///   - lineBreaks: what the ends of lines are.
    public init(language: String?, lineBreaks: LineBreaks = .boundaries) {
        rules = .of(language)
        self.lineBreaks = lineBreaks
    }

    /// The sentences of a text, each with the blanks, line ends and marks around it, in time proportional to
    /// the text's length.
    ///
    /// - Parameter text: any text.
    /// - Returns: UTF-8 ranges, ascending and joined; none for an empty text.
    public func sentences(of text: String) -> [Range<Int>] {
        let text = ScalarText(text)
        guard text.count > 0 else { return [] }
        let classes = text.scalars.map { SentenceBreakClass($0) }
        var starts = [0]
        for line in segments(text, classes) {
            let places = [line.range.lowerBound] + line.boundaries
            for place in places where place > starts[starts.count - 1] && place < text.count {
                starts.append(place)
            }
        }
        return zip(starts, starts.dropFirst() + [text.count]).map { text.bytes($0..<$1) }
    }

    /// Whether a scalar may part a line: a terminator, an ellipsis, a bracket after a number, or a bullet.
    private func mayPart(_ scalar: Unicode.Scalar, _ type: SentenceBreakClass) -> Bool {
        type.isTerminator || scalar.value == TerminatorCluster.ellipsis || scalar == ")"
            || InlineList.isBullet(scalar.value)
    }

    /// A line or paragraph and where sentences begin in it.
    struct Segment {
        let range: Range<Int>
        let boundaries: [Int]
    }

    /// The lines, or paragraphs, of a text with the boundaries of their sentences.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - classes: the class of each scalar.
    /// - Returns: ascending ranges, which leave out ends of lines.
    func segments(_ text: ScalarText, _ classes: [SentenceBreakClass]) -> [Segment] {
        let splitter = LineSplitter(scalars: text.scalars, rules: rules)
        var classes = classes
        if lineBreaks == .blanks {
            for (index, type) in classes.enumerated() where type.endsParagraph {
                classes[index] = .space
            }
        }
        let ranges = lineBreaks == .blanks ? splitter.paragraphs() : splitter.lines()
        return ranges.map { range in
            // Without a terminator, or the marks of a list, nothing begins within a line.
            guard range.contains(where: { mayPart(text.scalars[$0], classes[$0]) }) else {
                return Segment(range: range, boundaries: [])
            }
            let line = Line(text.scalars, classes, in: range, rules: rules)
            var segmenter = LineSegmenter(line)
            return Segment(range: range, boundaries: segmenter.boundaries())
        }
    }
}
