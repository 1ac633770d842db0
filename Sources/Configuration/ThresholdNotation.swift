package import TranslationService

extension ExitOptions.Threshold {
    /// Numbers with commas between: one for all layers, or one for each.
    ///
    /// - Returns: nil where a part is no number.
    package init?(notation text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0.filter { $0 != " " }) }
        guard numbers.count == parts.count else { return nil }
        self = numbers.count == 1 ? .uniform(numbers[0]) : .perLayer(numbers)
    }
}

extension ExitOptions.Threshold {
    /// Whether all numbers are probabilities.
    var isInRange: Bool {
        switch self {
        case .uniform(let value): (0...1).contains(value)
        case .perLayer(let values): values.allSatisfy((0...1).contains)
        }
    }
}
