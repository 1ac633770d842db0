import System

/// All series of one name that differ in the values of their labels.
public final class MetricFamily<Metric: Sendable>: Sendable {
    let name: String
    let help: String
    let labels: [String]
    private let state: Lock<State>

    private struct State {
        var make: @Sendable () -> Metric
        var series: [(values: [String], metric: Metric)] = []
    }

    init(
        _ name: String, help: String, labels: [String],
        make: @escaping @Sendable () -> Metric
    ) {
        self.name = name
        self.help = help
        self.labels = labels
        state = Lock(State(make: make))
    }

    /// Makes series otherwise from now on, and changes those that there are.
    func change(make: @escaping @Sendable () -> Metric, _ change: (Metric) -> Void) {
        let known = state.withLock { state in
            state.make = make
            return state.series.map(\.metric)
        }
        known.forEach(change)
    }

    /// The series with these label values, in the order of the label names; made where it is new.
    ///
    /// Values must come from a closed set, never from what a client sent. Looks through the series:
    /// what is on a hot path keeps the result.
    ///
    /// - Parameter values: one for each label name.
    /// - Returns: the series.
    public func labeled(_ values: String...) -> Metric { labeled(values) }

    /// The series with these label values; parameters as for the other one.
    public func labeled(_ values: [String]) -> Metric {
        precondition(values.count == labels.count, "\(name) has the labels \(labels)")
        return state.withLock { state in
            if let found = state.series.first(where: { $0.values == values }) {
                return found.metric
            }
            let metric = state.make()
            state.series.append((values, metric))
            return metric
        }
    }

    /// Forgets series whose subjects are gone, by the values of their labels.
    public func removeAll(where isGone: ([String]) -> Bool) {
        state.withLock { state in state.series.removeAll { isGone($0.values) } }
    }

    /// The series in the order in which they were made, each with its labels as text.
    var snapshot: [(labels: String, metric: Metric)] {
        state.withLock { $0.series }.map { values, metric in
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
