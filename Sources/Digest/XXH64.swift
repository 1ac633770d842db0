/// XXH64 (Collet, xxHash specification 0.2.0, seed 0): tells damaged bytes from whole ones at the speed of memory.
///
/// No protection against bytes that somebody made on purpose.
public enum XXH64 {
    private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
        0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9,
        0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5
    )

    /// The checksum of bytes that are in memory.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let (p1, p2, p3, p4, p5) = primes
        let count = bytes.count
        var place = 0
        var sum: UInt64
        if count >= 32, let start = bytes.baseAddress {
            var lanes: (UInt64, UInt64, UInt64, UInt64) = (p1 &+ p2, p2, 0, 0 &- p1)
            while place + 32 <= count {
                let at = start + place
                lanes.0 = round(lanes.0, at.loadUnaligned(as: UInt64.self))
                lanes.1 = round(lanes.1, at.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                lanes.2 = round(lanes.2, at.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                lanes.3 = round(lanes.3, at.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
                place += 32
            }
            sum =
                rotated(lanes.0, 1) &+ rotated(lanes.1, 7) &+ rotated(lanes.2, 12)
                &+ rotated(lanes.3, 18)
            for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
                sum = (sum ^ round(0, lane)) &* p1 &+ p4
            }
        } else {
            sum = p5
        }
        sum &+= UInt64(count)
        while place + 8 <= count {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            sum = rotated(sum ^ round(0, word), 27) &* p1 &+ p4
            place += 8
        }
        if place + 4 <= count {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            sum = rotated(sum ^ (UInt64(word) &* p1), 23) &* p2 &+ p3
            place += 4
        }
        while place < count {
            sum = rotated(sum ^ (UInt64(bytes[place]) &* p5), 11) &* p1
            place += 1
        }
        sum = (sum ^ (sum >> 33)) &* p2
        sum = (sum ^ (sum >> 29)) &* p3
        return sum ^ (sum >> 32)
    }

    /// The same of an array.
    public static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotated(lane &+ word &* primes.1, 31) &* primes.0
    }

    @inline(__always)
    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}
