import EmbeddedFiles
import LanguageTags

/// What each n-gram says for which languages, as `scripts/make-language-profiles` writes it.
///
/// The file, numbers in little-endian order:
///
/// | bytes | what |
/// | --- | --- |
/// | 4 | `SLP1` |
/// | 1, then 3 each | languages: their number, their codes with blanks after |
/// | 1, then for each script | scripts: name of ISO 15924 (4), longest n-gram (1), score of a letter (1), number of languages (1), their places in the list |
/// | 4 | n-grams: their number |
/// | 32,768 | for each of the first 16 bits of a hash, how many n-grams have it, 4 bits each, the even one low |
/// | 2 each | the last 16 bits of the hashes, ascending with the first |
/// | rows | for each n-gram its row |
///
/// A row is the number of its languages, then their places, or with the highest bit set a set of places in 9 bytes;
/// then their scores, 4 bits each, the first one low.
final class LanguageProfiles: Sendable {
    struct Script: Sendable {
        /// Characters of an n-gram, at most.
        let order: Int
        /// What a letter of a text in one of the languages scores there on average, in nats.
        let letterScore: Double
        /// Places of the languages written in it.
        let languages: [Int]
    }

    /// The languages.
    let tags: [LanguageTag]
    /// By ISO 15924, in the order of `LetterTable`.
    let scripts: [Script]
    /// For each of the first 16 bits of a hash where its n-grams begin, and the end.
    private let buckets: [UInt32]
    private let rests: [UInt16]
    /// Where each n-gram's scores begin, and the end.
    private let starts: [UInt32]
    /// Places of languages, and scores in steps of half a nat.
    private let scores: [(language: UInt8, score: UInt8)]

    static let embedded = LanguageProfiles(
        reading: EmbeddedFile.mapped("LanguageIdentification/profiles.bin"))

    private init(reading bytes: UnsafeBufferPointer<UInt8>) {
        var reader = ByteReader(bytes: bytes)
        precondition(reader.text(4) == "SLP1", "profiles.bin is of another version")
        tags = (0..<reader.byte()).map { _ in
            guard let tag = LanguageTag(reader.text(3).filter { $0 != " " }) else {
                preconditionFailure("profiles.bin has a language that is no tag")
            }
            return tag
        }
        scripts = zip(0..<reader.byte(), LetterTable.scripts).map { _, name in
            precondition(reader.text(4) == name, "profiles.bin has other scripts")
            return Script(
                order: reader.byte(), letterScore: Double(reader.byte()) / 10,
                languages: (0..<reader.byte()).map { _ in reader.byte() })
        }
        let count = reader.byte() | reader.byte() << 8 | reader.byte() << 16 | reader.byte() << 24
        buckets = reader.buckets()
        rests = (0..<count).map { _ in UInt16(reader.byte() | reader.byte() << 8) }
        (starts, scores) = reader.rows(count)
    }

    /// Adds what an n-gram says, if there is one with this hash, to the scores of all languages.
    @inline(__always)
    func add(_ hash: UInt32, to sums: inout MutableSpan<Int32>) {
        let bucket = Int(hash >> 16)
        let rest = UInt16(truncatingIfNeeded: hash)
        for index in Int(buckets[bucket])..<Int(buckets[bucket + 1]) where rests[index] == rest {
            let row = scores[Int(starts[index])..<Int(starts[index + 1])]
            for (language, score) in row { sums[Int(language)] &+= Int32(score) }
        }
    }
}

/// Reads what is known to be right, since it is part of the program.
private struct ByteReader {
    let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func byte() -> Int {
        defer { place += 1 }
        return Int(bytes[place])
    }

    mutating func text(_ count: Int) -> String {
        defer { place += count }
        return String(decoding: bytes[place..<place + count], as: UTF8.self)
    }

    mutating func buckets() -> [UInt32] {
        var starts: [UInt32] = [0]
        starts.reserveCapacity((1 << 16) + 1)
        for _ in 0..<(1 << 15) {
            let counts = UInt32(byte())
            starts.append(starts[starts.count - 1] + (counts & 15))
            starts.append(starts[starts.count - 1] + (counts >> 4))
        }
        return starts
    }

    mutating func rows(_ count: Int) -> ([UInt32], [(language: UInt8, score: UInt8)]) {
        var starts: [UInt32] = [0]
        var scores: [(language: UInt8, score: UInt8)] = []
        starts.reserveCapacity(count + 1)
        for _ in 0..<count {
            let languages = places()
            for (index, language) in languages.enumerated() {
                let pair = bytes[place + index / 2]
                scores.append((language, index % 2 == 0 ? pair & 15 : pair >> 4))
            }
            place += (languages.count + 1) / 2
            starts.append(UInt32(scores.count))
        }
        return (starts, scores)
    }

    private mutating func places() -> [UInt8] {
        let head = byte()
        guard head & 0x80 != 0 else { return (0..<head).map { _ in UInt8(byte()) } }
        return (0..<9).flatMap { index in
            let set = byte()
            return (0..<8).filter { set >> $0 & 1 != 0 }.map { UInt8(8 * index + $0) }
        }
    }
}
