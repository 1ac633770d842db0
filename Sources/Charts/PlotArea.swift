/// Where the parts of a chart stand, in pixels from the upper left corner.
struct PlotArea {
    static let top = 46.0
    static let legendRow = 20.0

    let width = 760.0
    let height: Double
    /// The sides of the field that the axes enclose.
    let left: Double
    let right: Double
    let bottom: Double
    let xTicks: Ticks
    let yTicks: Ticks

    init(_ chart: LineChart) throws(LineChart.Failure) {
        let names = chart.series.map(\.name).filter { !$0.isEmpty }
        let longest = names.map { TextSize.width(TextSize.shortened($0)) }.max()
        right = width - (longest.map { $0 + 54 } ?? 24)
        height = max(460, Self.top + Self.legendRow * Double(names.count) + 20)
        bottom = height - 54
        xTicks = try Self.ticks(chart, chart.xTitle, \.x)
        yTicks = try Self.ticks(chart, chart.yTitle, \.y)
        left = 40 + (yTicks.labels.map(TextSize.width).max() ?? 0)
    }

    private static func ticks(
        _ chart: LineChart, _ title: String, _ value: (LineChart.Point) -> Double
    ) throws(LineChart.Failure) -> Ticks {
        let values = chart.series.flatMap { $0.points.map(value) }
        guard let least = values.min(), let most = values.max() else { throw .empty }
        // A NaN compares with nothing, so that least and most do not show it.
        guard values.allSatisfy(\.isFinite), least <= most else {
            throw .axis(title, .notRepresentable(lower: least, upper: most))
        }
        do {
            return try Ticks(covering: least...most)
        } catch {
            throw .axis(title, error)
        }
    }

    /// A value of the horizontal axis in pixels.
    func x(_ value: Double) -> Double {
        left + (right - left) * Self.share(value, xTicks)
    }

    /// A value of the vertical axis in pixels, which grow downwards.
    func y(_ value: Double) -> Double {
        bottom - (bottom - Self.top) * Self.share(value, yTicks)
    }

    private static func share(_ value: Double, _ ticks: Ticks) -> Double {
        let (first, last) = (ticks.values[0], ticks.values[ticks.values.count - 1])
        return (value - first) / (last - first)
    }
}

/// How much room a text takes: a guess, since fonts are chosen where the chart is looked at.
enum TextSize {
    /// In pixels, at 12 pixels a line.
    static func width(_ text: String) -> Double { 7 * Double(text.count) }

    /// At most 32 characters, with an ellipsis in place of the rest.
    static func shortened(_ text: String) -> String {
        text.count <= 32 ? text : text.prefix(31) + "…"
    }
}
