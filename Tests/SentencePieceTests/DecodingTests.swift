import SentencePiece
import Testing

@Test("Byte pieces in a row spell characters, and bytes of none become U+FFFD")
func decodesBytes() throws {
    let processor = try Fixture.processor("unigram-nfkc-bytes")
    let cases: [([String], String)] = [
        (["<0xC3>", "<0xA9>", "<0xFF>", "<0x41>"], "é\u{FFFD}A"),
        (["<0xE4>", "<0xB8>"], "\u{FFFD}\u{FFFD}"),
        (["<0xC3>", "</s>", "<0xA9>"], "\u{FFFD}\u{FFFD}"),
        (["e", "<0x20>", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>"], "e 😀"),
    ]
    for (pieces, text) in cases { #expect(processor.decode(pieces: pieces) == text) }
}

@Test("Control pieces vanish, and only the space in front of the text is dropped")
func dropsOneDummySpace() throws {
    let processor = try Fixture.processor("unigram-symbols")
    #expect(processor.decode(pieces: ["<s>", "<cls>", "▁", "e", "▁", "e", "</s>"]) == "e e")
}

@Test("The unknown piece becomes the model's surface, and a foreign piece stays as it is")
func decodesUnknown() throws {
    #expect(try Fixture.processor("unigram-symbols").decode(pieces: ["<unk>"]) == "??")
    let processor = try Fixture.processor("bpe")
    #expect(processor.decode(pieces: ["<unk>"]) == " \u{2047} ")
    #expect(processor.decode(pieces: ["▁日本"]) == "▁日本")
}

@Test("A BPE piece that is unused is taken apart into the halves it was merged from")
func takesUnusedPiecesApart() throws {
    let model = ModelBuilder(type: 2).piece("<unk>", 0, .unknown)
        .piece("a", -9).piece("b", -9).piece("c", -9)
        .piece("ab", -1, .unused).piece("abc", -2)
    let processor = try SentencePieceProcessor(
        model: model.spec(3, [0x18, 0]).bytes)
    #expect(processor.encode("abc") == ["abc"])
    #expect(processor.encode("abab") == ["a", "b", "a", "b"])
}

@Test("With byte fallback a model needs no unknown piece")
func spellsUnknownTextWithoutUnknownPiece() throws {
    var model = ModelBuilder(type: 1, trainerFields: [0x98, 0x02, 1]).piece("a", -1)
    for byte in 0...255 {
        let digits = String(byte, radix: 16, uppercase: true)
        model = model.piece("<0x\(digits.count == 1 ? "0" : "")\(digits)>", 0, .byte)
    }
    let processor = try SentencePieceProcessor(model: model.spec(3, [0x18, 0]).bytes)
    #expect(processor.unknownID == nil)
    #expect(processor.encode("aé") == ["a", "<0xC3>", "<0xA9>"])
    #expect(processor.decode(pieces: ["a", "b", "<0xC3>", "<0xA9>"]) == "abé")
}

@Test("Scores too large for single precision still add up to the best path")
func rebasesLargeScores() throws {
    let model = ModelBuilder(type: 1).piece("<unk>", 0, .unknown)
        .piece("a", -60_000).piece("aa", -119_999)
    let processor = try SentencePieceProcessor(model: model.spec(3, [0x18, 0]).bytes)
    let text = String(repeating: "a", count: 4000)
    #expect(processor.encode(text) == [String](repeating: "aa", count: 2000))
}

@Test("Equal BPE scores merge from left to right")
func mergesEqualScoresFromTheLeft() throws {
    let model = ModelBuilder(type: 2).piece("<unk>", 0, .unknown).piece("a", -3).piece("aa", -1)
    let processor = try SentencePieceProcessor(model: model.spec(3, [0x18, 0]).bytes)
    #expect(processor.encode("aaaaa") == ["aa", "aa", "a"])
}

@Test("Of composed and decomposed characters only the piece with the same bytes matches")
func tellsComposedFromDecomposed() throws {
    let model = ModelBuilder(type: 1).piece("<unk>", 0, .unknown)
        .piece("\u{E9}", -1).piece("e\u{301}", -1)
    let processor = try SentencePieceProcessor(model: model.spec(3, [0x18, 0]).bytes)
    #expect(processor.encodeToIDs("\u{E9}e\u{301}") == [1, 2])
    #expect(processor.id(of: "e\u{301}") == 2)
}

@Test("Without normaliser flags a text passes unchanged, spaces visible")
func appliesNormalizerFlags() throws {
    let model = ModelBuilder(type: 1).piece("<unk>", 0, .unknown).piece("a", -1)
    let raw = try SentencePieceProcessor(model: model.spec(3, [0x18, 0, 0x20, 0]).bytes)
    #expect(raw.normalForm("  a  ") == utf8("▁▁a▁▁"))
    let plain = try SentencePieceProcessor(model: model.spec(3, [0x28, 0]).bytes)
    #expect(plain.normalForm("  a   a ") == utf8(" a a"))
}

@Test("Pieces given one by one make the same text, and each part of it is final")
func streamsText() throws {
    let cases = [
        ("unigram-nfkc-bytes", ["▁e", "<0xC3>", "<0xA9>", "<0xFF>", "e", "<0xF0>", "<0x9F>"]),
        ("unigram-symbols", ["<s>", "<cls>", "▁", "e", "▁", "<unk>", "e", "</s>"]),
        ("bpe", ["▁日本", "<unk>", "▁a"]),
    ]
    for (model, pieces) in cases {
        let processor = try Fixture.processor(model)
        var decoder = processor.makeStreamingDecoder()
        var text = ""
        for piece in pieces {
            text += decoder.append(processor.symbol(of: piece))
            #expect(processor.decode(pieces: pieces).hasPrefix(text))
        }
        text += decoder.finish()
        #expect(text == processor.decode(pieces: pieces))
    }
}
