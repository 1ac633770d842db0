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
        #expect(processor.normalForm(expected.text) == utf8(expected.normalized), "\(context)")
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
        #expect(processor.decode(ids: ids) == text + suffix)
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
