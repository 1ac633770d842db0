import System

/// The exits that the target positions of a piece are asked at, and how much each answer counts.
///
/// With all exits an answer counts ω_n. Where only the last and m of the others are asked, drawn for
/// each position, an answer of those counts (N − 1)/m times as much, so that loss and gradient are
/// those of all exits in expectation (method.md §2).
struct ExitSample {
    /// Number n − 1 holds the positions that ask exit n, ascending.
    let rows: [[Int]]
    /// Number n − 1 is the factor of ω_n.
    let factors: [Double]

    /// Every position asks some exits, each the same.
    init(all exits: some Sequence<Int>, of count: Int, positions: Int) {
        var rows = [[Int]](repeating: [], count: count)
        for n in exits { rows[n - 1] = Array(0..<positions) }
        self.rows = rows
        factors = Array(repeating: 1, count: count)
    }

    /// Every position asks the last exit and some below it.
    ///
    /// - Parameters:
    ///   - drawn: for each position different exits below the last, as many for every position.
    ///   - count: N.
    init(_ drawn: [[Int]], of count: Int) {
        var rows = [[Int]](repeating: [], count: count)
        for (position, exits) in drawn.enumerated() {
            for n in exits { rows[n - 1].append(position) }
            rows[count - 1].append(position)
        }
        self.rows = rows
        let factor = Double(count - 1) / Double(max(drawn.first?.count ?? 1, 1))
        factors = (1...count).map { $0 < count ? factor : 1 }
    }

    /// Draws `sampled` of the exits below the last for each position, every choice as probable.
    static func draw(
        _ sampled: Int, of count: Int, positions: Int, using random: inout SplitMix64
    ) -> [[Int]] {
        var exits = Array(1..<count)
        return (0..<positions).map { _ in
            for index in 0..<sampled {
                exits.swapAt(index, Int.random(in: index..<exits.count, using: &random))
            }
            return Array(exits[..<sampled])
        }
    }
}
