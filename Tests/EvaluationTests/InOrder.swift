/// Draws the segments of every resample in their order.
struct InOrder: RandomNumberGenerator {
    let count: UInt64
    var position: UInt64 = 0

    mutating func next() -> UInt64 {
        defer { position += 1 }
        return (position % count) * (UInt64.max / count) + UInt64.max / count / 2
    }
}
