import SentencePiece
import Testing

@Test("Pieces, ids and decoded text equal the reference implementation's")
func matchesReference() throws {
    var processors: [String: SentencePieceProcessor] = [:]
    for line in try Fixture.expectations() {
        let processor = try processors[line.model] ?? Fixture.processor(line.model)
        processors[line.model] = processor
        let pieces = processor.encode(line.text)
        let context = "\(line.model): \(line.text.debugDescription)"
        #expect(pieces.map(utf8) == line.pieces.map(utf8), "\(context)")
        #expect(processor.encodeToIDs(line.text) == line.ids, "\(context)")
        #expect(utf8(processor.decode(pieces: pieces)) == utf8(line.decoded), "\(context)")
    }
    #expect(processors.count == 4)
}

@Test("Every piece has an id that leads back to it, and an absent piece the unknown id")
func looksUpPieces() throws {
    let processor = try Fixture.processor("unigram")
    for id in 0..<processor.pieceCount {
        let piece = try #require(processor.piece(id))
        #expect(processor.id(of: piece) == id)
    }
    #expect(processor.piece(-1) == nil)
    #expect(processor.piece(processor.pieceCount) == nil)
    #expect(processor.id(of: "no such piece") == processor.id(of: "<unk>"))
}

@Test("Byte pieces in a row decode to characters, and broken ones to U+FFFD")
func decodesBytes() throws {
    let processor = try Fixture.processor("bytes")
    #expect(processor.decode(pieces: ["<0xC3>", "<0xA9>", "<0xFF>", "<0x41>"]) == "é\u{FFFD}A")
}

@Test("Bytes that are not UTF-8 are refused with the offset of the first one")
func refusesInvalidUTF8() throws {
    let processor = try Fixture.processor("unigram")
    #expect(throws: SentencePieceError.invalidUTF8(offset: 2)) {
        try processor.encode(utf8: [0x61, 0x62, 0xC3, 0x28])
    }
}

@Test("Text of 20,000 equal characters is segmented completely", arguments: ["unigram", "bpe"])
func segmentsLongRuns(model: String) throws {
    let text = String(repeating: "e", count: 20_000)
    let processor = try Fixture.processor(model)
    #expect(
        processor.decode(pieces: processor.encode(text)).utf8.filter { $0 == 0x65 }.count == 20_000)
}
