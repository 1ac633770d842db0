import CorpusPreparation
import TestSupport
import Testing
import UnicodeText

@Suite("A line of prepared text", .timeLimit(.minutes(10)))
struct CleaningTests {
    /// What becomes of a text when everything may stay.
    private func cleaned(_ texts: [String]) -> [String] {
        var filters = FilterOptions()
        filters.allowed = Set(DropReason.allCases)
        let pairs = texts.map { SentencePair(source: $0, target: "x") }
        return Corpus.prepare(Corpus.lines(pairs), filters).pairs.map(\.pair.source)
    }

    @Test(
        "has single blanks, composed letters, and nothing that cannot be seen",
        arguments: [
            ("  zwei\t\u{A0}Worte\u{2003}\u{3000}", "zwei Worte"),
            ("e\u{301}ine", "\u{E9}ine"), ("e\u{200B}\u{301}ine", "\u{E9}ine"),
            ("Schiff\u{AD}fahrt\u{FEFF}", "Schifffahrt"), ("a\u{0}\u{1B}b\u{7F}", "ab"),
            ("\u{202E}rechts\u{202C}", "rechts"), ("a\u{E000}b", "ab"), ("a\u{200D}b", "ab"),
            (
                "\u{645}\u{6CC}\u{200C}\u{62E}\u{648}\u{627}",
                "\u{645}\u{6CC}\u{200C}\u{62E}\u{648}\u{627}"
            ),
            ("\u{645}\u{200C} a", "\u{645} a"),
            ("\u{1F469}\u{200D}\u{1F680}", "\u{1F469}\u{200D}\u{1F680}"),
            ("unver\u{E4}ndert", "unver\u{E4}ndert"),
        ])
    func cleans(_ given: String, _ expected: String) {
        #expect(cleaned([given]).map { Array($0.utf8) } == [Array(expected.utf8)])
    }

    @Test("is the same when it is cleaned again, whatever it was")
    func idempotent() {
        var generator = SeededGenerator(seed: 7)
        let pool: [UInt32] = [
            0x20, 0x9, 0x61, 0x65, 0x301, 0x323, 0x200B, 0x200C, 0x200D, 0xAD, 0x645, 0x6CC,
            0x1F469,
            0xFEFF, 0x0, 0x85, 0x2028, 0xE000, 0x212B, 0x1112, 0x1161, 0x11AB, 0x2E, 0xFE0F,
        ]
        let texts = (0..<2_000).map { _ in
            String(
                String.UnicodeScalarView(
                    (0..<1 + generator.below(12)).compactMap { _ in
                        Unicode.Scalar(pool[generator.below(pool.count)])
                    }))
        }
        let once = cleaned(texts)
        #expect(cleaned(once).map { Array($0.utf8) } == once.map { Array($0.utf8) })
        for text in once {
            #expect(text.unicodeScalars.elementsEqual(text.composed.unicodeScalars))
            #expect(!text.hasPrefix(" ") && !text.hasSuffix(" ") && !text.contains("  "))
            #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{AD}" })
        }
    }
}
