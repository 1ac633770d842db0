extension RandomNumberGenerator {
    /// Draws one of `count` segments: bits b give ⌊b · count / 2^64⌋.
    mutating func segment(of count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }
}

extension [Double] {
    /// The central 95 % of values, of which there is at least one: as sacreBLEU cuts them, a
    /// fortieth of them at either end.
    var central95: ClosedRange<Double> {
        let sorted = sorted()
        let cut = sorted.count / 40
        return sorted[cut]...sorted[sorted.count - 1 - cut]
    }
}
