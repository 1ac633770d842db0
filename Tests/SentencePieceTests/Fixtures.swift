import Foundation
import SentencePiece
import Testing

/// One line of `expected.txt`.
struct Expectation {
    var model: String
    var text: String
    var decoded: String
    var ids: [Int]
    var pieces: [String]
}

enum Fixture {
    static func bytes(_ name: String) throws -> [UInt8] {
        let url = try #require(
            Bundle.module.url(forResource: "Resources/\(name)", withExtension: nil))
        return [UInt8](try Data(contentsOf: url))
    }

    static func processor(_ name: String) throws -> SentencePieceProcessor {
        try SentencePieceProcessor(model: bytes("\(name).spm"))
    }

    static func expectations() throws -> [Expectation] {
        let lines = String(decoding: try bytes("expected.txt"), as: UTF8.self).split(
            separator: "\n")
        return lines.map { line in
            let fields = line.split(separator: " ").map(String.init)
            return Expectation(
                model: fields[0], text: text(fields[1]), decoded: text(fields[2]),
                ids: fields[3].split(separator: ",").compactMap { Int($0) },
                pieces: fields[4...].map(text))
        }
    }

    private static func text(_ hexadecimal: String) -> String {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The bytes of a string; `==` on strings would accept canonically equivalent ones.
func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// SplitMix64, so that a failure can be repeated.
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
