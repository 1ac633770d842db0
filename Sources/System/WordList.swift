extension [String] {
    /// Words for a sentence: "a, b or c"; empty where there are none.
    ///
    /// - Parameter conjunction: the word before the last.
    /// - Returns: them in their order.
    package func listed(before conjunction: String) -> String {
        let last = suffix(1).joined()
        guard count > 1 else { return last }
        return dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }
}
