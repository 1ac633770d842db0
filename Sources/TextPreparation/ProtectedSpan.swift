/// A part of a text that a translation must hold unchanged.
public struct ProtectedSpan: Sendable, Equatable {
    /// What kind of thing it is.
    public enum Kind: Sendable, CaseIterable {
        /// What the request marks, by its text, its place or its tags.
        case marked
        /// What a glossary translates.
        case term
        /// A URL with its scheme, or one that begins with `www.`, or a domain such as `example.org/a`.
        case url
        /// An e-mail address.
        case email
        /// Code in backticks.
        case code
        /// A tag or comment of HTML or XML.
        case tag
        /// `%1$s`, `%d`, `{name}`, `{{name}}`, `${x}`, `#{x}`, `%{x}` and `%(x)s`.
        case placeholder
        /// The name of an emoji between colons.
        case emojiName
        /// An emoji, with its modifiers and joiners.
        case emoji
        /// A number with its unit or currency: `5 km`, `3,50 €`, `$4`.
        case quantity
    }

    /// What it is.
    public let kind: Kind
    /// Its place, in UTF-8 offsets.
    public let range: Range<Int>
}

/// A protected span by its scalars, while a text is read.
struct SpanMatch: Equatable {
    let kind: ProtectedSpan.Kind
    let range: Range<Int>
    /// What stands for it in the translation; nil for the span itself.
    var output: String?
    /// Whether it is an element of markup, which comes out with its tags.
    var isElement = false
}

/// Finds the protected spans of a text; where two overlap, the longer one stays, or of equal ones the marked.
struct SpanFinder {
    let kinds: Set<ProtectedSpan.Kind>
    /// Texts that the request marks.
    let terms: TermMatcher
    let glossary: Glossary?

    /// The spans of a text, in time proportional to its length plus k log k for k of them.
    ///
    /// - Parameters:
    ///   - scalars: the text.
    ///   - marked: places that the request marks; those beyond the text are cut.
    ///   - elements: elements of markup; they stay in any case.
    /// - Returns: ascending and disjoint ranges.
    func spans(
        of scalars: [Unicode.Scalar], marked: [Range<Int>], elements: [MarkupText.Kept]
    ) -> [SpanMatch] {
        let whole = 0..<scalars.count
        var found = marked.map { SpanMatch(kind: .marked, range: $0.clamped(to: whole)) }
        found += terms.matches(in: scalars).map { SpanMatch(kind: .marked, range: $0.range) }
        found += glossary?.spans(of: scalars) ?? []
        var scanner = SpanScanner(scalars)
        found += scanner.scan().filter { kinds.contains($0.kind) }
        found.removeAll { $0.range.isEmpty || Self.overlaps($0.range, elements) }
        found += elements.map { SpanMatch(kind: .marked, range: $0.range, isElement: true) }
        return Self.longest(found, count: scalars.count)
    }

    private static func overlaps(_ range: Range<Int>, _ elements: [MarkupText.Kept]) -> Bool {
        let next = elements.partitioningIndex { $0.range.upperBound > range.lowerBound }
        return next < elements.count && elements[next].range.lowerBound < range.upperBound
    }

    /// Takes spans from the longest on and leaves out what overlaps one that is taken.
    ///
    /// - Parameters:
    ///   - found: ranges of a text, not empty.
    ///   - count: the length of the text.
    /// - Returns: what was taken, ascending.
    static func longest(_ found: [SpanMatch], count: Int) -> [SpanMatch] {
        var taken = [Bool](repeating: false, count: count)
        var kept: [SpanMatch] = []
        let byLength = found.indices.sorted {
            let (left, right) = (found[$0].range, found[$1].range)
            return (right.count, left.lowerBound, $0) < (left.count, right.lowerBound, $1)
        }.map { found[$0] }
        // A span that overlaps a longer one has its first or last scalar in it.
        for span in byLength
        where !taken[span.range.lowerBound] && !taken[span.range.upperBound - 1] {
            for index in span.range { taken[index] = true }
            kept.append(span)
        }
        return kept.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }
}
