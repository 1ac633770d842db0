/// What a model is given at once: a sentence, or a part of one that is too long.
public struct ModelInput: Sendable, Equatable {
    /// A protected span of the input.
    public struct Span: Sendable, Equatable {
        /// What it is.
        public let kind: ProtectedSpan.Kind
        /// Its place in the input's text, in UTF-8 offsets.
        public let range: Range<Int>
        /// Its place in the original text, in UTF-8 offsets.
        public let source: Range<Int>
        /// What stands for it in the translation: its own text, or what a glossary says.
        public let output: String
        /// Whether it is an element of markup, which comes out with its tags.
        let isElement: Bool
    }

    /// A part of an input for a model that loses protected spans.
    public enum Part: Sendable, Equatable {
        /// What the model translates.
        case translated(String)
        /// What is copied: what stands for a protected span, blanks, or what has no letter.
        case copied(String)

        /// What it is of the input.
        public var text: String {
            switch self {
            case .translated(let text), .copied(let text): text
            }
        }

        /// Whether the model translates it.
        public var isTranslated: Bool {
            if case .translated = self { true } else { false }
        }
    }

    /// The text to translate: without format characters, in the case of running text, ended by `mark`.
    public let text: String
    /// The index of the sentence that it belongs to.
    public let sentence: Int
    /// Its place in the original text, in UTF-8 offsets.
    public let source: Range<Int>
    /// The protected spans, ascending.
    public let spans: [Span]
    /// The case of the sentence in the original text, that its translation is given again.
    public let casing: Casing
    /// The mark at the end of `text` that the original text lacks, so that its translation has none either.
    public let mark: Unicode.Scalar?
    /// The text without `mark`.
    var unmarkedText: String {
        mark == nil ? text : String(text.unicodeScalars.dropLast())
    }
    /// Where what the text is made of ends in the original text, in UTF-8 offsets; tags may follow within `source`.
    let end: Int
    /// Where the distance between an offset in `text` and its offset in the original changes.
    let shifts: [Shift]
    /// The tags in it; nil where there are none.
    let markup: InlineMarkup?
    /// Whether nothing that is read stands between it and the input before.
    let followsDirectly: Bool

    struct Shift: Sendable, Equatable {
        let text: Int
        let source: Int
    }

    /// The offset in the original text of an offset in `text`, both in UTF-8, in log₂ of the number of places where
    /// something was taken out.
    public func sourceOffset(of offset: Int) -> Int {
        let next = shifts.partitioningIndex { $0.text > offset }
        guard next > 0 else { return source.lowerBound }
        let shift = shifts[next - 1]
        return min(end, shift.source + max(0, offset - shift.text))
    }

    /// Whether a translation holds what stands for each protected span as often as it must, unchanged.
    public func keepsSpans(_ translation: String) -> Bool {
        spans.isEmpty || audit.holds(translation, of: expected)
    }

    var audit: SpanAudit { SpanAudit(spans.map(\.output)) }

    /// The text with what stands for its spans.
    private var expected: String { parts.map(\.text).joined() }

    /// The input around its protected spans, for a model that loses them.
    ///
    /// The parts join to the text, with what stands for the spans.
    public var parts: [Part] { placedParts.map(\.part) }

    /// Where each translated part begins in the text, in UTF-8 offsets.
    public var translatedPartStarts: [Int] {
        placedParts.compactMap { $0.part.isTranslated ? $0.place.lowerBound : nil }
    }

    /// The parts, each with its place in the text.
    private var placedParts: [(part: Part, place: Range<Int>)] {
        let bytes = Array(text.utf8)
        var parts: [(Part, Range<Int>)] = []
        var place = 0
        for span in spans {
            Self.append(bytes, place..<span.range.lowerBound, isLast: false, to: &parts)
            parts.append((.copied(span.output), span.range))
            place = span.range.upperBound
        }
        Self.append(bytes, place..<bytes.count, isLast: true, to: &parts)
        return parts
    }

    private static func append(
        _ bytes: [UInt8], _ range: Range<Int>, isLast: Bool, to parts: inout [(Part, Range<Int>)]
    ) {
        let scalars = Array(String(decoding: bytes[range], as: UTF8.self).unicodeScalars)
        guard let first = scalars.firstIndex(where: isLetter),
            let last = scalars.lastIndex(where: isLast ? { !$0.isBlank } : isLetter)
        else {
            if !scalars.isEmpty { parts.append((.copied(String(scalars)), range)) }
            return
        }
        // Marks that a blank parts from the letters belong to the span: "(" before one, "," behind one.
        let start = scalars[..<first].lastIndex { $0.isBlank }.map { $0 + 1 } ?? 0
        let end = scalars[(last + 1)...].firstIndex { $0.isBlank } ?? scalars.count
        var place = range.lowerBound
        func add(_ text: ArraySlice<Unicode.Scalar>, _ part: (String) -> Part) {
            let text = String(text)
            guard !text.isEmpty else { return }
            parts.append((part(text), place..<(place + text.utf8.count)))
            place += text.utf8.count
        }
        add(scalars[..<start], Part.copied)
        add(scalars[start..<end], Part.translated)
        add(scalars[end...], Part.copied)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        SentenceBreakClass(scalar).isLetter
    }

    /// Joins the parts, the translated ones replaced in their order.
    ///
    /// - Parameter translations: the translations, with alignments to the parts' own texts.
    /// - Returns: the translation of the whole input; spans are aligned to themselves, and the alignments of the
    ///   parts are moved to their places.
    /// - Precondition: there is a translation for each translated part.
    public func join(_ translations: [InputTranslation]) -> InputTranslation {
        var rest = translations[...]
        var joined: [UInt8] = []
        var alignment: [AlignedSpan] = []
        for (part, place) in placedParts {
            let target = joined.count
            switch part {
            case .copied(let text):
                joined += text.utf8
                guard target < joined.count else { continue }
                alignment.append(AlignedSpan(target: target..<joined.count, source: place))
            case .translated(let source):
                let translation = rest.removeFirst().withoutStop(notIn: source)
                joined += translation.text.utf8
                alignment += translation.alignment.map {
                    $0.moved(target: target, source: place.lowerBound)
                }
            }
        }
        let isAligned = translations.allSatisfy { $0.text.isEmpty || !$0.alignment.isEmpty }
        return InputTranslation(
            String(decoding: joined, as: UTF8.self), alignment: isAligned ? alignment : [])
    }
}
