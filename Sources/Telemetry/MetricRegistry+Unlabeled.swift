extension MetricRegistry {
    /// Bounds of histograms of a request's times, in seconds.
    public static let seconds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// A counter without labels; registering it again returns the same.
    public func counter(_ name: String, help: String) -> Counter {
        counters(name, help: help).labeled()
    }

    /// A gauge without labels; registering it again returns the same.
    public func gauge(_ name: String, help: String) -> Gauge {
        gauges(name, help: help).labeled()
    }
}
