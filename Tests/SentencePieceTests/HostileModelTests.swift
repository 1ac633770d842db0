import SentencePiece
import Testing

@Test("A word model is refused by name")
func refusesWordModel() {
    #expect(throws: SentencePieceError.unsupportedModelType(.word)) {
        try SentencePieceProcessor(model: [0x12, 0x02, 0x18, 0x03])
    }
}

@Test("A length that runs past the file is refused where it stands")
func refusesTruncatedLength() {
    #expect(throws: SentencePieceError.malformedMessage(.truncated, offset: 6)) {
        try SentencePieceProcessor(model: [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
    }
}

@Test(
    "A damaged model gives an error or a processor that still encodes",
    arguments: [("unigram", 700), ("bpe", 700), ("bytes", 700), ("nfkc", 100)])
func survivesDamage(model: String, rounds: Int) throws {
    let intact = try Fixture.bytes("\(model).spm")
    var generator = SeededGenerator(state: 11)
    var refused = 0
    for _ in 0..<rounds {
        var bytes = intact
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[index] = UInt8.random(in: 0...255, using: &generator)
        }
        if Bool.random(using: &generator) {
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
        }
        do {
            let processor = try SentencePieceProcessor(model: bytes)
            let pieces = processor.encode("the ﬁrst <sep> boat, 日本 x")
            _ = processor.decode(pieces: pieces)
        } catch {
            refused += 1
            #expect(!error.description.isEmpty)
        }
    }
    #expect(refused > 0)
}
