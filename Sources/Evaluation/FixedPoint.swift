extension Double {
    /// The number with a fixed count of decimals, halves rounded to even.
    ///
    /// - Parameter decimals: 0 to 6.
    /// - Returns: nil where it is not finite, or too great for it.
    public func fixedPoint(_ decimals: Int) -> String? {
        let power = (0..<decimals).reduce(1.0) { product, _ in 10 * product }
        let rounded = (self * power).rounded(.toNearestOrEven)
        guard let scaled = Int64(exactly: rounded) else { return nil }
        let sign = scaled < 0 ? "-" : ""
        let digits = String(scaled.magnitude)
        guard decimals > 0 else { return sign + digits }
        let zeros = String(repeating: "0", count: max(decimals + 1 - digits.count, 0))
        let padded = zeros + digits
        return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
