import Foundation
import SentencePiece
import Testing

/// The fixtures of `Resources`, described in its README.
enum Fixture {
    static let models = [
        "unigram-nfkc-bytes", "bpe-bytes", "bpe", "unigram-symbols", "unigram-suffix",
    ]

    /// What the reference implementation makes of one text.
    struct Expectation: Decodable {
        var model: String
        var text: String
        var normalized: String
        var pieces: [String]
        var ids: [Int]
        var decoded: String
    }

    static func bytes(of name: String) throws -> [UInt8] {
        let url = try #require(
            Bundle.module.url(forResource: "Resources/\(name)", withExtension: nil))
        return [UInt8](try Data(contentsOf: url))
    }

    static func processor(_ model: String) throws -> SentencePieceProcessor {
        try SentencePieceProcessor(model: bytes(of: "\(model).spm"))
    }

    static func expectations(of model: String) throws -> [Expectation] {
        let data = Data(try bytes(of: "expected.json"))
        return try JSONDecoder().decode([Expectation].self, from: data).filter {
            $0.model == model
        }
    }
}

/// The bytes of a string: `==` would take composed and decomposed characters for the same.
func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// SplitMix64, so that a failure can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What tests ask of a processor in the model's own numbering.
extension SentencePieceProcessor {
    /// The pieces' own ids, `unknownID` for unknown text.
    func encodeToIDs(_ text: String) -> [Int] {
        encode(text, ids: (0..<pieceCount).map(Int32.init)) { _ in unknownID ?? -1 }
    }

    func decode(ids: [Int]) -> String { decode(ids.map { .piece($0) }) }

    func decode(pieces: [String]) -> String { decode(pieces.map(symbol)) }

    /// The normal form of a text, which its pieces are in a row, bytes spelt out.
    func normalForm(_ text: String) -> [UInt8] {
        encode(text).flatMap { piece -> [UInt8] in
            let bytes = Array(piece.utf8)
            guard bytes.count == 6, piece.hasPrefix("<0x"), piece.hasSuffix(">"),
                let byte = UInt8(piece.dropFirst(3).dropLast(), radix: 16)
            else { return bytes }
            return [byte]
        }
    }
}
