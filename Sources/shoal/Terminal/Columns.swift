import Evaluation

/// A number with a fixed count of decimals, right-aligned; as Swift writes it where it is too great for
/// that, or no number.
func fixed(_ value: Double, _ decimals: Int, width: Int = 0) -> String {
    let text = value.fixedPoint(decimals) ?? "\(value)"
    return String(repeating: " ", count: max(0, width - text.count)) + text
}

extension String {
    /// Spaces behind, up to a width.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }

    /// Spaces before, up to a width.
    func padding(left width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }
}
