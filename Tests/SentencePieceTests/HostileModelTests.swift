import SentencePiece
import Testing

private typealias Fault = SentencePieceError.PieceFault

@Test("Models that cannot segment text are refused by what is missing")
func refusesUnusableModels() {
    let unknown = ModelBuilder(type: 1).piece("<unk>", 0, .unknown)
    let cases: [([UInt8], SentencePieceError)] = [
        ([], .noPieces),
        (ModelBuilder(type: 3).piece("<unk>", 0, .unknown).bytes, .unsupportedModelType(.word)),
        (
            ModelBuilder(type: 4).piece("<unk>", 0, .unknown).bytes,
            .unsupportedModelType(.character)
        ),
        (unknown.bytes, .noPieces),
        (ModelBuilder(type: 1).piece("a").bytes, .unknownPieceMissing),
        (
            ModelBuilder(type: 1, trainerFields: [0x98, 0x02, 1]).piece("a").bytes,
            .bytePieceMissing(byte: 0)
        ),
    ]
    for (bytes, error) in cases {
        #expect(throws: error) { try SentencePieceProcessor(model: bytes) }
    }
}

@Test("A piece that breaks a rule is refused with its id")
func refusesBrokenPieces() {
    let start = ModelBuilder(type: 1).piece("<unk>", 0, .unknown)
    let cases: [(ModelBuilder, Fault)] = [
        (start.piece(""), .empty),
        (start.piece(String(repeating: "a", count: 8000)), .tooLong(byteLimit: 8000)),
        (start.piece(bytes: [0xC3]), .invalidUTF8),
        (start.piece("a\0"), .containsNull),
        (start.piece("<unk>", 0, .control), .duplicate(first: 0)),
        (start.piece("<oov>", 0, .unknown), .secondUnknown(first: 0)),
        (start.piece("<0x41>", 0, .byte), .byteWithoutFallback),
        (start.piece("a", .nan), .scoreNotFinite),
        (start.piece("a", -.infinity), .scoreNotFinite),
    ]
    for (model, fault) in cases {
        #expect(throws: SentencePieceError.invalidPiece(fault, index: 1)) {
            try SentencePieceProcessor(model: model.bytes)
        }
    }
}

@Test("A message that does not add up is refused where it stops")
func refusesMalformedMessages() {
    let cases: [([UInt8], SentencePieceError)] = [
        ([0x0A], .malformedMessage(.truncated, offset: 1)),
        ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], .malformedMessage(.truncated, offset: 6)),
        ([0x0A, 0x02, 0x0A, 0x01], .malformedMessage(.truncated, offset: 4)),
        ([0x0B], .malformedMessage(.unsupportedWireType(3), offset: 0)),
        ([0x02, 0x00], .malformedMessage(.invalidFieldNumber, offset: 0)),
        (
            [0x08] + [UInt8](repeating: 0xFF, count: 10),
            .malformedMessage(.overlongInteger, offset: 11)
        ),
    ]
    for (bytes, error) in cases {
        #expect(throws: error) { try SentencePieceProcessor(model: bytes) }
    }
}

@Test("A character map that leads outside itself is refused")
func refusesBrokenCharacterMaps() {
    let model = ModelBuilder(type: 1).piece("<unk>", 0, .unknown).piece("a")
    let empty = [UInt8](repeating: 0, count: 1024)
    var outside = empty
    outside[1] = 0xFC
    let long = outside + [UInt8](repeating: 0x61, count: 2000) + [0]
    let cases: [([UInt8], SentencePieceError.CharacterMapFault)] = [
        ([1], .trieSize(0)),
        ([0xFF, 0xFF, 0xFF, 0xFF, 0], .trieSize(0xFFFF_FFFF)),
        ([0, 4, 0, 0] + empty, .trieSize(1024)),
        ([0, 4, 0, 0] + empty + [0x61], .unterminated),
        ([0, 4, 0, 0] + empty + [0], .trieUnit(0)),
        ([0, 4, 0, 0] + [0, 0xFC, 0xFF, 0] + empty.dropFirst(4) + [0], .trieUnit(0)),
        (
            [0, 4, 0, 0] + [0, 4, 0, 0] + empty.dropFirst(4) + long.suffix(2001),
            .replacementTooLong(byteLimit: 1024)
        ),
    ]
    for (blob, fault) in cases {
        #expect(throws: SentencePieceError.invalidCharacterMap(fault)) {
            try SentencePieceProcessor(
                model: model.spec(3, ModelBuilder.characterMap(blob)).bytes)
        }
    }
}

@Test(
    "A damaged model gives an error or a processor that still encodes",
    arguments: zip(Fixture.models, [40, 800, 800, 800, 800]))
func survivesDamage(model: String, rounds: Int) throws {
    let intact = try Fixture.bytes(of: "\(model).spm")
    var generator = SeededGenerator(state: 23)
    var refused = 0
    for _ in 0..<rounds {
        let bytes = damage(intact, using: &generator)
        do throws(SentencePieceError) {
            let processor = try SentencePieceProcessor(model: bytes)
            let text = "The ﬁrst <sep> Straße, 日本 x y\0 👩‍👩‍👧"
            let ids = processor.encodeToIDs(text)
            #expect(ids.allSatisfy { processor.piece($0) != nil })
            _ = processor.decode(pieces: processor.encode(text))
            _ = processor.decode(ids: ids)
        } catch {
            refused += 1
            #expect(!error.description.isEmpty)
        }
    }
    #expect(refused > 0 && refused < rounds)
}

/// Overwrites one to four bytes, and cuts the file off one time in four.
private func damage(_ intact: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    var bytes = intact
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
            in: 0...255, using: &generator)
    }
    if Int.random(in: 0..<4, using: &generator) == 0 {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
    }
    return bytes
}
