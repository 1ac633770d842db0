import System

/// The metrics of a process and their Prometheus text.
///
/// Names follow Prometheus' rules: base units at the end, `_total` on counters and on nothing else. A name
/// that is registered again stands for the family that it stood for before, with what that has counted: what
/// is made anew in the midst of a process goes on with its predecessor's numbers.
public final class MetricRegistry: Sendable {
    private let state = Lock(State())

    private struct State {
        /// In the order of registration.
        var writers: [@Sendable (inout String) -> Void] = []
        var families: [String: any Sendable] = [:]
    }

    /// A registry without metrics.
    public init() {}

    /// The content type of `text`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in the Prometheus text format 0.0.4, in the order of their registration.
    public var text: String {
        var text = ""
        for writer in state.withLock({ $0.writers }) { writer(&text) }
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
        let family = MetricFamily(name, help: help, labels: labels, make: { Counter() })
        return add(family, kind: "counter", zeroes) { text, name, labels, counter in
            line(&text, name, labels, String(counter.value))
        }
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
        let family = MetricFamily(name, help: help, labels: labels, make: { Gauge() })
        return add(family, kind: "gauge", zeroes) { text, name, labels, gauge in
            line(&text, name, labels, number(gauge.value))
        }
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
        state.withLock {
            $0.writers.append { text in
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
    /// Registered again with other bounds, all series get them and keep what they have counted.
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
        let make: @Sendable () -> Histogram = { Histogram(bounds: bounds) }
        let new = MetricFamily(name, help: help, labels: labels, make: make)
        let family = add(new, kind: "histogram", zeroes) { text, name, labels, histogram in
            write(histogram, &text, name, labels)
        }
        if family !== new { family.change(make: make) { $0.change(bounds: bounds) } }
        return family
    }

    /// Adds a family, or finds the one that has its name.
    private func add<Metric>(
        _ new: MetricFamily<Metric>, kind: String, _ zeroes: [[String]],
        write: @escaping @Sendable (inout String, String, String, Metric) -> Void
    ) -> MetricFamily<Metric> {
        let family = state.withLock { state in
            if let known = state.families[new.name] {
                guard let family = known as? MetricFamily<Metric>, family.labels == new.labels
                else {
                    preconditionFailure("\(new.name) is another kind of metric already")
                }
                return family
            }
            state.families[new.name] = new
            state.writers.append { text in
                header(&text, new.name, new.help, kind)
                for (labels, metric) in new.snapshot { write(&text, new.name, labels, metric) }
            }
            return new
        }
        for values in family.labels.isEmpty ? [[]] : zeroes { _ = family.labeled(values) }
        return family
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
        let bound = index < state.bounds.count ? number(state.bounds[index]) : "+Inf"
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
