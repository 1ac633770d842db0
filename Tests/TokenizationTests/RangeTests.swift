import Checkpoint
import TestSupport
import Testing
import Tokenization

@Suite("Ids with the ranges of their texts", .timeLimit(.minutes(10)))
struct RangeTests {
    private static let checkpoints = [
        "models/multi30k-de-en", "Tests/Golden/variants/bf16-banned-ids",
        "Tests/Golden/variants/gelu-two-vocabularies",
        "Tests/Golden/variants/swish-tied-unigram",
    ]

    private static func slices(_ text: String, _ ranges: [Range<Int>]) -> [String] {
        ranges.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    }

    @Test("The ranges of a text's ids, or of an output's, join to it", arguments: checkpoints)
    func join(checkpoint: String) throws {
        let tokenizer = try Tokenizer(Checkpoint(directory: Repository.path(checkpoint)))
        let parts = [
            "Ein Mann", " ", "  ", "½", "…", "\u{AD}", "Straße", "中", "🙂", "e\u{301}", ">>de<<",
            "z", "ﬁ",
        ]
        var random = SeededGenerator(seed: 3)
        for _ in 0..<1_000 {
            let text = (0..<random.below(9)).map { _ in parts[random.below(parts.count)] }.joined()
            let (ids, ranges) = tokenizer.encodeWithRanges(text)
            #expect(ids == tokenizer.encode(text))
            #expect(ranges.last == text.utf8.count..<text.utf8.count)
            if ids.count > 1 { #expect(Self.slices(text, ranges).joined() == text) }
            let output = (0..<random.below(9)).map { _ in
                random.below(tokenizer.targetVocabularySize)
            }
            let decoded = tokenizer.decodeWithRanges(output)
            #expect(decoded.text == tokenizer.decode(output))
            #expect(decoded.ranges.count == output.count)
            #expect(Self.slices(decoded.text, decoded.ranges).joined() == decoded.text)
        }
    }

    @Test("A language code has its own range, and the end of sentence an empty one")
    func languageCode() throws {
        let tokenizer = try Tokenizer(Checkpoint(directory: Repository.model))
        let text = ">>fr<<ein Mann"
        let ranges = tokenizer.encodeWithRanges(text).ranges
        #expect(Self.slices(text, ranges) == [">>fr<<", "ein", " Mann", ""])
    }

    @Test("Special ids of an output have empty ranges where they stand")
    func specialIDs() throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        let tokenizer = try Tokenizer(checkpoint)
        let ids = tokenizer.encodeTarget("a man sits")
        let padded = [try #require(checkpoint.configuration.padID)] + ids
        let (text, ranges) = tokenizer.decodeWithRanges(padded)
        #expect(Self.slices(text, ranges) == ["", "a", " man", " sits", ""])
        #expect(ranges.first == 0..<0)
        #expect(ranges.last == text.utf8.count..<text.utf8.count)
    }

    @Test(
        "A blank text has the end of sentence alone, behind it",
        arguments: ["", "  ", "\u{3000}\t"])
    func blank(_ text: String) throws {
        let tokenizer = try Tokenizer(Checkpoint(directory: Repository.model))
        #expect(tokenizer.encodeWithRanges(text).ranges == [text.utf8.count..<text.utf8.count])
    }
}
