/// A chart of curves over two linear axes.
public struct LineChart: Sendable, Equatable {
    /// A point in the units of the axes.
    public struct Point: Sendable, Equatable {
        /// Along the horizontal axis.
        public var x: Double
        /// Along the vertical axis.
        public var y: Double
        /// What is written beside it; empty: nothing.
        public var label: String

        /// Places a point.
        public init(_ x: Double, _ y: Double, label: String = "") {
            self.x = x
            self.y = y
            self.label = label
        }
    }

    /// Points that belong together.
    public struct Series: Sendable, Equatable {
        /// Its name in the legend; empty: it is not in the legend.
        public var name: String
        /// In the order in which the curve goes through them.
        public var points: [Point]
        /// How it looks.
        public var style: Style

        /// Names points.
        public init(_ name: String, _ points: [Point], style: Style) {
            self.name = name
            self.points = points
            self.style = style
        }
    }

    /// How a series looks.
    public struct Style: Sendable, Equatable {
        /// Which colour, from 0, which is black; colours repeat after 7, with another dash.
        public var color: Int
        /// Whether the points are joined.
        public var hasLine = true
        /// Which marker, from 0, repeating; nil: the points are not marked.
        public var marker: Int?
        /// Whether the line is thin and pale, to stand behind the others.
        public var isFaint = false
        /// Which dash pattern, from 0, repeating; 0 is solid.
        public var dash = 0

        /// A solid line without markers.
        public init(color: Int) {
            self.color = color
        }
    }

    /// Why a chart cannot be drawn.
    public enum Failure: Error, Sendable, Equatable {
        /// There is no point.
        case empty
        /// The points of an axis cannot be shown on it.
        case axis(String, Ticks.Failure)
    }

    /// What stands above the chart.
    public var title: String
    /// What the horizontal axis measures, with its unit.
    public var xTitle: String
    /// What the vertical axis measures, with its unit.
    public var yTitle: String
    /// The curves; the later ones are drawn over the earlier.
    public var series: [Series]

    /// Puts a chart together.
    public init(title: String, xTitle: String, yTitle: String, series: [Series]) {
        self.title = title
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.series = series
    }

    /// The chart as a whole SVG document.
    ///
    /// Self-contained, without script and links; light or dark as the viewer prefers, light where it
    /// cannot tell. Takes time in proportion to the points and to the labels squared.
    ///
    /// - Returns: XML in UTF-8 with a line feed at the end.
    /// - Throws: `Failure`.
    public func svg() throws(Failure) -> String {
        try ChartRenderer(self).document()
    }
}

extension LineChart.Failure: CustomStringConvertible {
    /// What cannot be drawn.
    public var description: String {
        switch self {
        case .empty: "there is no point to draw"
        case .axis(let title, .notRepresentable(let lower, let upper)):
            "the axis “\(title)” cannot show values from \(lower) to \(upper)"
        }
    }
}
