/// The quality that exit policies reached at their cost.
public struct QualityPoints: Sendable, Equatable {
    /// One result.
    public struct Result: Sendable, Equatable {
        /// The policy: results of one policy are joined.
        public var policy: String
        /// The policy with its parameters, which follow its name and a space.
        public var name: String
        /// What it cost, in the unit of the axis.
        public var cost: Double
        /// BLEU, 0 to 100.
        public var bleu: Double
        /// Whether it is a depth that is the same for every token, a point of the line.
        public var isFixedDepth: Bool

        /// States a result.
        public init(
            policy: String, name: String, cost: Double, bleu: Double, isFixedDepth: Bool
        ) {
            self.policy = policy
            self.name = name
            self.cost = cost
            self.bleu = bleu
            self.isFixedDepth = isFixedDepth
        }
    }

    /// What the results are called in the legend where there are several sets of them.
    public var name: String
    /// All that belong to one model and test set.
    public var results: [Result]

    /// Names results.
    public init(name: String, results: [Result]) {
        self.name = name
        self.results = results
    }
}

extension LineChart {
    /// BLEU against cost: the fixed depths joined by a dashed line, every other policy a curve of its
    /// settings or a point; all points labelled.
    ///
    /// - Parameters:
    ///   - sets: what to draw; a set may hold any policies.
    ///   - title: what stands above.
    ///   - costTitle: what the horizontal axis measures, with its unit.
    /// - Returns: a chart, without points where the sets have none.
    public static func quality(
        _ sets: [QualityPoints], title: String, costTitle: String
    ) -> LineChart {
        var series: [Series] = []
        var policies: [String] = []
        for (index, set) in sets.enumerated() {
            let suffix = sets.count > 1 ? ", " + set.name : ""
            let fixed = set.results.filter(\.isFixedDepth)
            var style = Style(color: 0)
            style.marker = index
            style.dash = index + 1
            series.append(curve("fixed depths" + suffix, fixed, style))
            for result in set.results where !result.isFixedDepth {
                if !policies.contains(result.policy) { policies.append(result.policy) }
            }
            for (number, policy) in policies.enumerated() {
                let settings = set.results.filter { !$0.isFixedDepth && $0.policy == policy }
                // A policy keeps its colour in all sets, and a set its dash and shift of markers.
                style.color = number + 1
                style.marker = number + 1 + index
                style.dash = index
                series.append(curve(policy + suffix, settings, style))
            }
        }
        return LineChart(
            title: title, xTitle: costTitle, yTitle: "BLEU",
            series: series.filter { !$0.points.isEmpty })
    }

    private static func curve(
        _ name: String, _ results: [QualityPoints.Result], _ style: Style
    ) -> Series {
        let points = results.sorted { $0.cost < $1.cost }.map { result in
            let prefix = result.policy + " "
            let isSetting = results.count > 1 && result.name.hasPrefix(prefix)
            let label = isSetting ? String(result.name.dropFirst(prefix.count)) : result.name
            return Point(result.cost, result.bleu, label: label)
        }
        var style = style
        style.hasLine = points.count > 1
        return Series(name, points, style: style)
    }
}
