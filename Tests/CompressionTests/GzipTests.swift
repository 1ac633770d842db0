import Compression
import TestSupport
import Testing

private func fault(_ bytes: [UInt8], limit: Int = 1 << 20) -> GzipError? {
    do {
        _ = try Gzip.decompress(bytes, limit: limit)
        return nil
    } catch {
        return error
    }
}

@Suite("Gzip", .timeLimit(.minutes(10)))
struct GzipTests {
    /// "hello\n" by `gzip -9` of GNU gzip 1.12, with a file name and a time.
    private static let foreign: [UInt8] =
        [0x1F, 0x8B, 8, 8, 0x10, 0x6B, 0x24, 0x65, 2, 3] + Array("hello.txt\0".utf8) + [
            0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0xE7, 2, 0, 0x20, 0x30, 0x3A, 0x36, 6, 0, 0, 0,
        ]
    private static let hello = Array("hello\n".utf8)

    @Test("What is compressed decompresses to itself, with a limit of exactly its length")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 1952)
        for count in [0, 1, 2, 1000, 65_535, 65_536, 65_537, 300_000] {
            let noise = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let text = noise.map { $0 & 3 }
            for content in [noise, text] {
                let packed = Gzip.compress(content)
                #expect(try Gzip.decompress(packed, limit: count) == content)
                #expect(Gzip.compress(content) == packed)
                guard count > 0 else { continue }
                #expect(fault(packed, limit: count - 1) == .tooLarge(limit: count - 1))
            }
            #expect(Gzip.compress(text).count < count / 3 + 50)
        }
    }

    @Test("Without memory for zlib, compressing stores the bytes, and decompressing is an error")
    func noMemory() throws {
        for count in [0, 1, 65_535, 65_536, 200_000] {
            let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let stored = Gzip.compress(content, .none)
            #expect(try Gzip.decompress(stored, limit: count) == content)
        }
        #expect(throws: GzipError.noMemory) {
            try Gzip.decompress(Self.foreign, limit: 100, .none)
        }
    }

    @Test("The output of another program is read")
    func foreignFile() throws {
        #expect(try Gzip.decompress(Self.foreign, limit: 100) == Self.hello)
    }

    @Test("Every optional header field is stepped over, and a header checksum is checked")
    func headerFields() throws {
        let body = Array(Self.foreign.dropFirst(20))
        let fields: [UInt8] = [2, 0, 0xAA, 0, 0x41, 0, 0x42, 0]
        let checked: [UInt8] = [0x1F, 0x8B, 8, 0x1F, 0, 0, 0, 0, 0, 3] + fields
        #expect(try Gzip.decompress(checked + [0xBD, 0x30] + body, limit: 100) == Self.hello)
        #expect(fault(checked + [0xBD, 0x31] + body) == .checksumMismatch)
    }

    @Test("Several members in a row give the contents in a row, within one limit")
    func members() throws {
        let two = Self.foreign + Gzip.compress([]) + Gzip.compress(Array("you\n".utf8))
        #expect(try Gzip.decompress(two, limit: 10) == Array("hello\nyou\n".utf8))
        #expect(fault(two, limit: 9) == .tooLarge(limit: 9))
    }

    @Test("Each kind of fault has its own error")
    func faults() {
        let good = Self.foreign
        func changed(_ place: Int, _ value: UInt8) -> [UInt8] {
            var bytes = good
            bytes[place] = value
            return bytes
        }
        #expect(fault([]) == .truncated)
        #expect(fault(Array("hello".utf8)) == .notGzip)
        #expect(fault([0x1F, 0x9D, 0x90]) == .notGzip)
        #expect(fault(changed(2, 7)) == .unsupportedHeader)
        #expect(fault(changed(3, 0x28)) == .unsupportedHeader)
        #expect(fault(changed(20, 0x07)) == .corrupt)
        #expect(fault(changed(good.count - 5, 0)) == .checksumMismatch)
        #expect(fault(changed(good.count - 1, 1)) == .lengthMismatch)
        #expect(fault(good + [0]) == .trailingBytes)
        #expect(fault(good + good.dropLast()) == .truncated)
        #expect(fault(good, limit: 5) == .tooLarge(limit: 5))
        #expect(fault(good, limit: -1) == .tooLarge(limit: -1))
    }

    @Test("An error says what is wrong")
    func description() {
        #expect(
            "\(GzipError.tooLarge(limit: 7))" == "the gzip data decompresses to more than 7 bytes")
    }
}

@Suite("Gzip under damage")
struct GzipDamageTests {
    private static let content = Array("one fish two fish red fish blue fish\n".utf8)
    private static let packed = Gzip.compress(content)

    @Test("Every truncation is refused as one")
    func truncations() {
        for count in 0..<Self.packed.count {
            #expect(fault(Array(Self.packed.prefix(count))) == .truncated)
        }
    }

    @Test("Every flip of a single bit is refused or changes nothing")
    func flips() {
        for place in Self.packed.indices {
            for bit in 0..<8 {
                var bytes = Self.packed
                bytes[place] ^= 1 << UInt8(bit)
                let content = try? Gzip.decompress(bytes, limit: 1 << 20)
                #expect(content == nil || content == Self.content, "bit \(bit) of byte \(place)")
            }
        }
    }

    @Test("Mutated data never yields more than the limit")
    func mutations() {
        var generator = SeededGenerator(seed: 1951)
        for _ in 0..<5000 {
            var bytes = Self.packed + Self.packed
            for _ in 0...generator.below(4) { generator.mutate(&bytes) }
            let limit = generator.below(100)
            let content = try? Gzip.decompress(bytes, limit: limit)
            #expect(content.map { $0.count <= limit } ?? true)
        }
    }
}
