/// The losses of a training run.
public struct TrainingCurves: Sendable, Equatable {
    /// What the run is called in the legend where there are several.
    public var name: String
    /// The training loss by step.
    public var training: [LineChart.Point]
    /// The validation loss by step, a curve for each exit, exit 1 first.
    public var validation: [[LineChart.Point]]

    /// Names curves.
    public init(
        name: String, training: [LineChart.Point] = [], validation: [[LineChart.Point]] = []
    ) {
        self.name = name
        self.training = training
        self.validation = validation
    }
}

extension LineChart {
    /// More points than this on one curve are not seen; fewer of them are drawn.
    private static let mostPoints = 1000
    /// Points of the moving average where nothing else is said.
    private static let mostAveraged = 25

    /// Training loss and the validation loss of every exit over the steps.
    ///
    /// The training loss is drawn twice: as logged, pale, and as a moving average. One run has a
    /// colour for each curve; several have a colour for each run and a dash and marker for each exit.
    ///
    /// - Parameters:
    ///   - runs: what to draw; points without order are put in order of their steps.
    ///   - title: what stands above.
    ///   - window: how many logged steps the moving average covers, half of them on either side; nil: a
    ///     twentieth of a run's steps, at most 25, so that a short run is not drawn as its mean.
    /// - Returns: a chart, without points where the runs have none.
    public static func loss(
        _ runs: [TrainingCurves], title: String, window: Int?
    ) -> LineChart {
        let isOne = runs.count == 1
        let curves = runs.enumerated().map { index, run in
            let first = Style(color: index)
            let prefix = isOne ? "" : run.name + ", "
            let exits = run.validation.enumerated().map { exit, points in
                let name = run.validation.count > 1 ? ", exit \(exit + 1)" : ""
                var style = Style(color: isOne ? exit + 1 : index)
                style.marker = exit
                style.dash = isOne ? 0 : exit + 1
                return Series(prefix + "validation" + name, ordered(points), style: style)
            }
            return training(run, prefix + "training", first, window) + exits
        }
        return LineChart(
            title: title, xTitle: "step", yTitle: "loss (nats per token)",
            series: curves.flatMap(\.self).filter { !$0.points.isEmpty })
    }

    private static func training(
        _ run: TrainingCurves, _ name: String, _ style: Style, _ window: Int?
    ) -> [Series] {
        let points = ordered(run.training)
        let window = window ?? min(points.count / 20, mostAveraged)
        var faint = style
        faint.isFaint = true
        return [
            Series("", thinned(points), style: faint),
            Series(name, thinned(averaged(points, window: window)), style: style),
        ]
    }

    private static func ordered(_ points: [Point]) -> [Point] { points.sorted { $0.x < $1.x } }

    /// The mean of each point and its neighbours, half of the window on either side where they are.
    private static func averaged(_ points: [Point], window: Int) -> [Point] {
        var sums = [0.0]
        for point in points { sums.append(sums[sums.count - 1] + point.y) }
        // A window beyond all points must not overflow the sums of indices.
        let reach = min(max(window, 1) / 2, points.count)
        return points.enumerated().map { index, point in
            let first = max(index - reach, 0)
            let end = min(index + reach + 1, points.count)
            return Point(point.x, (sums[end] - sums[first]) / Double(end - first))
        }
    }

    /// Every k-th point, and the last.
    private static func thinned(_ points: [Point]) -> [Point] {
        let stride = (points.count + mostPoints - 1) / mostPoints
        guard stride > 1, let last = points.last else { return points }
        let kept = Swift.stride(from: 0, to: points.count - 1, by: stride).map { points[$0] }
        return kept + [last]
    }
}
