import Threads

/// The metrics of a process and their Prometheus text.
///
/// Names follow Prometheus' rules: base units at the end, `_total` on counters and on nothing else.
public final class MetricRegistry: Sendable {
    private let writers = Lock<[@Sendable (inout String) -> Void]>([])

    /// A registry without metrics.
    public init() {}

    /// The content type of `text`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in the Prometheus text format 0.0.4, in the order of their registration.
    public var text: String {
        var text = ""
        for write in writers.withLock({ $0 }) { write(&text) }
        return text
    }

    /// Registers counters.
    ///
    /// - Parameters:
    ///   - name: ends in `_total`.
    ///   - help: one sentence for people.
    ///   - labels: label names.
    ///   - zeroes: label values of the series that are there from the start.
    /// - Returns: the family, to take series from.
    public func counters(
        _ name: String, help: String, labels: [String] = [], zeroes: [[String]] = []
    ) -> MetricFamily<Counter> {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total")
        let family = MetricFamily(
            name, help: help, labels: labels, zeroes: labels.isEmpty ? [[]] : zeroes,
            make: { Counter() })
        add(family, kind: "counter") { text, name, labels, counter in
            line(&text, name, labels, String(counter.value))
        }
        return family
    }

    /// Registers gauges; parameters as for `counters`.
    ///
    /// - Parameters:
    ///   - name: does not end in `_total`.
    ///   - help: one sentence for people.
    ///   - labels: label names.
    ///   - zeroes: label values of the series that are there from the start.
    /// - Returns: the family, to take series from.
    public func gauges(
        _ name: String, help: String, labels: [String] = [], zeroes: [[String]] = []
    ) -> MetricFamily<Gauge> {
        precondition(!name.hasSuffix("_total"), "only a counter's name ends in _total")
        let family = MetricFamily(
            name, help: help, labels: labels, zeroes: labels.isEmpty ? [[]] : zeroes,
            make: { Gauge() })
        add(family, kind: "gauge") { text, name, labels, gauge in
            line(&text, name, labels, number(gauge.value))
        }
        return family
    }

    /// Registers a number that is read when the text is made.
    ///
    /// - Parameters:
    ///   - name: ends in `_total` where `kind` is counter.
    ///   - help: one sentence for people.
    ///   - kind: what the number is.
    ///   - read: gives the number; nil leaves the metric out.
    public func callback(
        _ name: String, help: String, kind: CallbackKind = .gauge,
        read: @escaping @Sendable () -> Double?
    ) {
        precondition(name.hasSuffix("_total") == (kind == .counter), "_total names counters")
        writers.withLock {
            $0.append { text in
                guard let value = read() else { return }
                header(&text, name, help, kind.rawValue)
                line(&text, name, "", number(value))
            }
        }
    }

    /// What a callback's number is.
    public enum CallbackKind: String, Sendable {
        /// Only grows.
        case counter
        /// Goes up and down.
        case gauge
    }

    /// Registers histograms; parameters as for `counters`.
    ///
    /// - Parameters:
    ///   - name: ends in the unit.
    ///   - help: one sentence for people.
    ///   - bounds: inclusive upper bounds of the buckets, ascending, +Inf left out.
    ///   - labels: label names.
    ///   - zeroes: label values of the series that are there from the start.
    /// - Returns: the family, to take series from.
    public func histograms(
        _ name: String, help: String, bounds: [Double], labels: [String] = [],
        zeroes: [[String]] = []
    ) -> MetricFamily<Histogram> {
        precondition(bounds == bounds.sorted() && !bounds.isEmpty, "bounds ascend")
        let family = MetricFamily(
            name, help: help, labels: labels, zeroes: labels.isEmpty ? [[]] : zeroes,
            make: { Histogram(bounds: bounds) })
        add(family, kind: "histogram") { text, name, labels, histogram in
            write(histogram, &text, name, labels)
        }
        return family
    }

    private func add<Metric>(
        _ family: MetricFamily<Metric>, kind: String,
        write: @escaping @Sendable (inout String, String, String, Metric) -> Void
    ) {
        writers.withLock {
            $0.append { text in
                header(&text, family.name, family.help, kind)
                for (labels, metric) in family.snapshot {
                    write(&text, family.name, labels, metric)
                }
            }
        }
    }
}

private func header(_ text: inout String, _ name: String, _ help: String, _ kind: String) {
    text += "# HELP \(name) \(escaped(help, quote: false))\n# TYPE \(name) \(kind)\n"
}

private func line(_ text: inout String, _ name: String, _ labels: String, _ value: String) {
    text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
}

private func write(_ histogram: Histogram, _ text: inout String, _ name: String, _ labels: String) {
    let state = histogram.snapshot
    var cumulative = 0
    let separator = labels.isEmpty ? "" : ","
    for (index, count) in state.counts.enumerated() {
        cumulative += count
        let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
        line(&text, name + "_bucket", labels + separator + "le=\"\(bound)\"", String(cumulative))
    }
    line(&text, name + "_sum", labels, number(state.sum))
    line(&text, name + "_count", labels, String(cumulative))
}

/// A number as the text format writes it: whole ones without a fraction.
private func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    return String(value)
}
