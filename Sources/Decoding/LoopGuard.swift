/// Finds outputs that end in a loop: the same tokens over and over.
///
/// Asked about outputs that reached the length limit, so that it cannot change one that ends by itself: a
/// model may leave a loop, and names and numbers do repeat.
enum LoopGuard {
    /// Copies that make a loop.
    private static let leastCopies = 4
    /// Tokens that all copies have together.
    private static let leastTokens = 16

    /// What remains of an output without the repeated copies.
    ///
    /// The shortest period counts whose copies reach to the output's end, the last possibly cut short.
    /// O(n²) for n tokens.
    ///
    /// - Parameter ids: all tokens of the output.
    /// - Returns: tokens up to the end of the first copy; nil where the output ends in no loop.
    static func keptCount(of ids: [Int]) -> Int? {
        for period in stride(from: 1, through: ids.count / leastCopies, by: 1) {
            var start = ids.count - period
            while start > 0, ids[start - 1] == ids[start - 1 + period] { start -= 1 }
            let span = ids.count - start
            if span >= max(leastTokens, leastCopies * period) { return start + period }
        }
        return nil
    }
}
