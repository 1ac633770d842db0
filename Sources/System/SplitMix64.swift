/// SplitMix64 (Steele, Lea and Flood, 2014), so that a seed means the same everywhere.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts from a seed; every seed is a good one.
    public init(seed: UInt64) { state = seed }

    /// A stream for each combination of numbers, so that what depends on a step can be drawn again.
    public init(key: UInt64...) {
        state = 0x9E37_79B9_7F4A_7C15
        for part in key { state = Self.mix(state ^ part) &+ 0x9E37_79B9_7F4A_7C15 }
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// A number in 0 ..< 1.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
