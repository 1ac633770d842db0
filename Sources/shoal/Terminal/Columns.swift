/// A number with a fixed count of decimals, right-aligned; as Swift writes it where it is too great for
/// that, or no number.
func fixed(_ value: Double, _ decimals: Int, width: Int = 0) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    var text = "\(value)"
    if let whole = Int(exactly: (abs(value) * scale).rounded()) {
        let digits = String(whole)
        let filled = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        text =
            (value < 0 ? "-" : "") + filled.dropLast(decimals)
            + (decimals > 0 ? "." + filled.suffix(decimals) : "")
    }
    return String(repeating: " ", count: max(0, width - text.count)) + text
}

extension String {
    /// Spaces behind, up to a width.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
