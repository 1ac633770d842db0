import SentencePiece
import Testing

@Suite("Where pieces lie in a text", .timeLimit(.minutes(10)))
struct RangeTests {
    /// What normalisation changes, what bytes spell, blanks of all kinds, and plain text.
    private static let parts = [
        "The heron", "Zug", "e", "ee", "eee", "x y", "<sep>", "<cls>", "z", "½", "…", "ﬁ", "Ｈ",
        "e\u{301}",
        "\u{AD}", "\u{FEFF}", "中", "🙂", "👩‍👩‍👧", "\u{0}", "▁", " ", "  ", "\t", "\u{3000}", "\n", "⁇",
        "ㄱ", "각",
    ]

    private func text(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...12, using: &random)).reduce(into: "") { text, _ in
            text += Self.parts.randomElement(using: &random) ?? ""
        }
    }

    /// Ranges that ascend and meet from 0 to the end, on borders of scalars.
    private func expectCover(_ ranges: [Range<Int>], of text: String, _ context: String) {
        var end = 0
        for range in ranges {
            #expect(range.lowerBound == end, "\(context)")
            end = range.upperBound
            let index = text.utf8.index(text.startIndex, offsetBy: end)
            #expect(index.samePosition(in: text.unicodeScalars) != nil, "\(context)")
        }
        if !ranges.isEmpty { #expect(end == text.utf8.count, "\(context)") }
    }

    @Test(
        "Source ranges ascend, meet and cover any text, with the ids unchanged",
        arguments: Fixture.models)
    func source(model: String) throws {
        let processor = try Fixture.processor(model)
        let ids = (0..<processor.pieceCount).map(Int32.init)
        var random = SeededGenerator(state: 7)
        for _ in 0..<2_000 {
            let text = text(&random)
            let found = processor.encodeWithRanges(text, ids: ids) { _ in -1 }
            let plain = processor.encode(text, ids: ids) { _ in -1 }
            #expect(found.map(\.id) == plain)
            expectCover(found.map(\.range), of: text, text.debugDescription)
        }
    }

    @Test("Target ranges ascend, meet and cover the text of any pieces", arguments: Fixture.models)
    func target(model: String) throws {
        let processor = try Fixture.processor(model)
        var random = SeededGenerator(state: 11)
        for _ in 0..<2_000 {
            let symbols: [SentencePieceProcessor.Symbol?] =
                (0..<Int.random(in: 0...12, using: &random))
                .map { _ in
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0: nil
                    case 1: .foreign(Self.parts.randomElement(using: &random) ?? "")
                    default: .piece(Int.random(in: 0..<processor.pieceCount, using: &random))
                    }
                }
            let (text, ranges) = processor.decodeWithRanges(symbols)
            #expect(utf8(text) == utf8(processor.decode(symbols.compactMap { $0 })))
            #expect(ranges.count == symbols.count)
            expectCover(ranges, of: text, text.debugDescription)
        }
    }

    @Test("A word's range has the blank before it, and characters that change keep theirs")
    func words() throws {
        let processor = try Fixture.processor("unigram-nfkc-bytes")
        let ids = (0..<processor.pieceCount).map(Int32.init)
        func slices(_ text: String) -> [String] {
            processor.encodeWithRanges(text, ids: ids) { _ in -1 }.map { _, range in
                String(decoding: Array(text.utf8)[range], as: UTF8.self)
            }
        }
        // The pieces are ▁ her on ▁ 中 (three bytes) ▁ . . . ▁f i.
        #expect(
            slices("heron \u{3000}中  … ﬁ ")
                == ["", "her", "on", " \u{3000}", "", "", "中", "  ", "", "", "…", " ", "ﬁ "])
    }

    @Test("A model that writes blanks behind words gives them to the word before")
    func suffix() throws {
        let processor = try Fixture.processor("unigram-suffix")
        let ids = (0..<processor.pieceCount).map(Int32.init)
        let text = "in the  water "
        let found = processor.encodeWithRanges(text, ids: ids) { _ in -1 }
        let slices = found.map { String(decoding: Array(text.utf8)[$0.range], as: UTF8.self) }
        #expect(slices.contains { $0.hasSuffix("  ") })
        #expect(slices.allSatisfy { !$0.hasPrefix(" ") })
    }
}
