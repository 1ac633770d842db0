import TestSupport
import TextPreparation

/// A case of pragmatic_segmenter (`Resources/README.md`).
struct RuleCase: Sendable {
    let language: String
    let isGolden: Bool
    let name: String
    let lineBreaks: SentenceSegmenter.LineBreaks
    let text: String
    let sentences: [String]

    static func all() throws -> [RuleCase] {
        let path = "Tests/TextPreparationTests/Resources/pragmatic_segmenter/rules.tsv"
        return try VectorFile.rows(path).map { columns in
            let texts = columns.map { String(decoding: $0, as: UTF8.self) }
            return RuleCase(
                language: texts[0], isGolden: texts[1] == "golden", name: texts[2],
                lineBreaks: texts[3] == "wrapped" ? .blanks : .boundaries, text: texts[4],
                sentences: Array(texts[5...]))
        }
    }

    /// Whether our sentences are the expected ones, white space aside, which we keep and the original changes.
    var isKept: Bool {
        let segmenter = SentenceSegmenter(language: language, lineBreaks: lineBreaks)
        let bytes = Array(text.utf8)
        let found = segmenter.sentences(of: text)
            .map { String(decoding: bytes[$0], as: UTF8.self) }
        return found.map(Self.squeezed).filter { !$0.isEmpty } == sentences.map(Self.squeezed)
    }

    private static func squeezed(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isWhitespace }))
    }
}
