import System

/// All series of one name that differ in the values of their labels.
public final class MetricFamily<Metric: Sendable>: Sendable {
    let name: String
    let help: String
    let labels: [String]
    private let make: @Sendable () -> Metric
    private let series = Lock<[(values: [String], metric: Metric)]>([])

    init(
        _ name: String, help: String, labels: [String],
        make: @escaping @Sendable () -> Metric
    ) {
        self.name = name
        self.help = help
        self.labels = labels
        self.make = make
    }

    /// The series with these label values, in the order of the label names; made where it is new.
    ///
    /// Values must come from a closed set, never from what a client sent. Looks through the series:
    /// what is on a hot path keeps the result.
    ///
    /// - Parameter values: one for each label name.
    /// - Returns: the series.
    public func labeled(_ values: String...) -> Metric { labeled(values) }

    func labeled(_ values: [String]) -> Metric {
        precondition(values.count == labels.count, "\(name) has the labels \(labels)")
        return series.withLock { series in
            if let found = series.first(where: { $0.values == values }) { return found.metric }
            let metric = make()
            series.append((values, metric))
            return metric
        }
    }

    /// The series in the order in which they were made, each with its labels as text.
    var snapshot: [(labels: String, metric: Metric)] {
        series.withLock { $0 }.map { values, metric in
            let pairs = zip(labels, values).map { "\($0)=\"\(escaped($1, quote: true))\"" }
            return (pairs.joined(separator: ","), metric)
        }
    }
}

/// Escapes of the text format: backslash and line feed, and quotes in label values.
func escaped(_ text: String, quote: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\"" where quote: result += "\\\""
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}
