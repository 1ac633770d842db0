/// Whether a translation holds the protected spans of its source, each as often as the source, unchanged.
struct SpanAudit {
    private let texts: [String]
    private let matcher: TermMatcher

    /// - Parameter spans: the texts of the source's protected spans.
    init(_ spans: [String]) {
        texts = Set(spans).sorted()
        matcher = TermMatcher(texts, edges: .numbers)
    }

    /// Whether each span is in the translation as often as in the source, which may also have it where nothing
    /// protects it.
    func holds(_ translation: String, of source: String) -> Bool {
        texts.isEmpty || counts(in: translation) == counts(in: source)
    }

    private func counts(in text: String) -> [Int] {
        var counts = [Int](repeating: 0, count: texts.count)
        for match in places(in: Array(text.unicodeScalars)) { counts[match.term] += 1 }
        return counts
    }

    /// The places of the spans in a text, ascending, each with its span's text, in UTF-8 offsets.
    func occurrences(in text: String) -> [(text: String, range: Range<Int>)] {
        guard !texts.isEmpty else { return [] }
        let text = ScalarText(text)
        return places(in: text.scalars).map { (texts[$0.term], text.bytes($0.range)) }
    }

    /// Applies a change to what lies outside of the spans.
    func mapRest(of translation: String, _ change: (String) -> String) -> String {
        guard !texts.isEmpty else { return change(translation) }
        let scalars = Array(translation.unicodeScalars)
        var result = ""
        var place = 0
        for match in places(in: scalars) {
            result += change(String(scalars[place..<match.range.lowerBound]))
            result += String(scalars[match.range])
            place = match.range.upperBound
        }
        return result + change(String(scalars[place...]))
    }

    /// The places of the spans, ascending; the longest stay where some overlap.
    private func places(in scalars: [Unicode.Scalar]) -> [TermMatcher.Match] {
        let found = matcher.matches(in: scalars)
        let kept = SpanFinder.longest(
            found.map { SpanMatch(kind: .marked, range: $0.range) }, count: scalars.count)
        let terms = Dictionary(
            found.map { ($0.range, $0.term) }, uniquingKeysWith: { first, _ in first })
        return kept.compactMap { span in
            terms[span.range].map { TermMatcher.Match(term: $0, range: span.range) }
        }
    }
}
