import SentencePiece
import Testing

@Test("Normal form, pieces, ids and text equal the reference's", arguments: Fixture.models)
func matchesReference(model: String) throws {
    let processor = try Fixture.processor(model)
    let expectations = try Fixture.expectations(of: model)
    #expect(expectations.count == 25)
    for expected in expectations {
        let context = "\(expected.text.debugDescription)"
        let pieces = processor.encode(expected.text)
        #expect(utf8(processor.normalize(expected.text)) == utf8(expected.normalized), "\(context)")
        #expect(pieces.map(utf8) == expected.pieces.map(utf8), "\(context)")
        #expect(processor.encodeToIDs(expected.text) == expected.ids, "\(context)")
        #expect(utf8(processor.decode(pieces: pieces)) == utf8(expected.decoded), "\(context)")
    }
}

@Test("A piece's id leads back to it, and to nil outside the model", arguments: Fixture.models)
func looksUpPieces(model: String) throws {
    let processor = try Fixture.processor(model)
    for id in 0..<processor.pieceCount {
        let piece = try #require(processor.piece(id))
        #expect(processor.id(of: piece) == id)
    }
    #expect(processor.piece(-1) == nil)
    #expect(processor.piece(processor.pieceCount) == nil)
    #expect(processor.id(of: "no such piece") == nil)
    #expect(processor.id(of: "") == nil)
    #expect(processor.unknownID == 0)
}

@Test("Ids and pieces decode alike where every piece is known", arguments: Fixture.models)
func decodesIDsAsPieces(model: String) throws {
    let processor = try Fixture.processor(model)
    for text in ["The herons stand in the water.", "Der Zug zur Küste fährt um halb zehn."] {
        let ids = processor.encodeToIDs(text)
        let suffix = model == "unigram-suffix" ? " " : ""
        #expect(try processor.decode(ids: ids) == text + suffix)
    }
}

@Test("A text of equal characters is segmented to the end", arguments: Fixture.models)
func segmentsLongRuns(model: String) throws {
    let processor = try Fixture.processor(model)
    for character in ["e", "é", "中"] {
        let text = String(repeating: character, count: 10_000)
        let decoded = processor.decode(pieces: processor.encode(text))
        #expect(utf8(decoded).count { $0 != 0x20 } == utf8(text).count)
    }
}

@Test("Bytes that are not UTF-8 are refused with the offset of the first")
func refusesInvalidUTF8() throws {
    let processor = try Fixture.processor("bpe")
    let cases: [([UInt8], Int)] = [
        ([0x61, 0x62, 0xC3, 0x28], 2), ([0xC0, 0x80], 0), ([0x61, 0xED, 0xA0, 0x80], 1),
        ([0xF4, 0x90, 0x80, 0x80], 0), ([0x61, 0xE4, 0xB8], 1), ([0x80], 0),
    ]
    for (bytes, offset) in cases {
        #expect(throws: SentencePieceError.invalidUTF8(offset: offset)) {
            try processor.encode(utf8: bytes.span)
        }
    }
    let valid = Array("Schiffe 日本 👩".utf8)
    #expect(try processor.encode(utf8: valid.span) == processor.encode("Schiffe 日本 👩"))
}

@Test("An id that names no piece is refused with the number of pieces")
func refusesInvalidIDs() throws {
    let processor = try Fixture.processor("bpe")
    let count = processor.pieceCount
    for id in [-1, count, Int.max, Int.min] {
        #expect(throws: SentencePieceError.idOutOfRange(id: id, pieceCount: count)) {
            try processor.decode(ids: [1, id])
        }
    }
}
