extension RandomAccessCollection {
    /// The first index whose element fits, by bisection.
    ///
    /// - Parameter fits: false for the first elements and true for all behind them.
    /// - Returns: the end where none fits.
    func partitioningIndex(where fits: (Element) -> Bool) -> Index {
        var low = startIndex
        var count = count
        while count > 0 {
            let half = count / 2
            let middle = index(low, offsetBy: half)
            if fits(self[middle]) {
                count = half
            } else {
                low = index(after: middle)
                count -= half + 1
            }
        }
        return low
    }
}
