import Compression
import Glibc
import Testing

/// A gigabyte of zeros in a few megabytes, made without ever holding the gigabyte.
private enum Bomb {
    static let count = 1 << 30

    /// One block with the fixed codes of RFC 1951 §3.2.6: a zero, then copies of 258 bytes at
    /// distance 1, each of 13 bits, so that eight of them fill 13 bytes.
    static func oneBlock() -> [UInt8] {
        var bits = BitList()
        bits.append("110")
        bits.append("00110000")
        while bits.count % 8 != 0 { bits.append(copy) }
        let head = bits.bytes
        var copies = BitList()
        for _ in 0..<8 { copies.append(copy) }
        return header + head + repeatElement(copies.bytes, count: count / 258 / 8).joined()
    }

    /// A thousand members of one megabyte each.
    static func manyMembers() -> [UInt8] {
        let member = Gzip.compress([UInt8](repeating: 0, count: 1 << 20))
        return Array(repeatElement(member, count: count >> 20).joined())
    }

    private static let copy = "1100010100000"
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
}

/// Bits in the order of RFC 1951 §3.1.1: the lowest of each byte first.
private struct BitList {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ bits: String) {
        for bit in bits.utf8 {
            if count % 8 == 0 { bytes.append(0) }
            bytes[count / 8] |= (bit & 1) << UInt8(count % 8)
            count += 1
        }
    }
}

/// The most memory that this process has had, in bytes.
private func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
}

/// Ends the process with 0 if the bomb is refused and costs little memory.
private func refuse(_ bomb: [UInt8]) {
    let limit = 4 << 20
    let before = peakMemory()
    do {
        _ = try Gzip.decompress(bomb, limit: limit)
        exit(1)
    } catch {
        exit(error == .tooLarge(limit: limit) && peakMemory() - before < 4 * limit ? 0 : 2)
    }
}

@Suite("Gzip bombs")
struct GzipBombTests {
    @Test("A gigabyte of zeros in one member is refused in bounded memory")
    func oneMember() async {
        await #expect(processExitsWith: .success) { refuse(Bomb.oneBlock()) }
    }

    @Test("A gigabyte of zeros in many members is refused in bounded memory")
    func manyMembers() async {
        await #expect(processExitsWith: .success) { refuse(Bomb.manyMembers()) }
    }
}
