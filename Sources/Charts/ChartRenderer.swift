/// Draws a chart: ground, axes, curves, labels, legend, in this order.
struct ChartRenderer {
    private let chart: LineChart
    private let area: PlotArea

    init(_ chart: LineChart) throws(LineChart.Failure) {
        self.chart = chart
        area = try PlotArea(chart)
    }

    func document() -> String {
        var writer = SVGWriter()
        let (width, height) = (coordinate(area.width), coordinate(area.height))
        writer.group(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height,
                "viewBox": "0 0 \(width) \(height)", "role": "img",
                "font-family": "Helvetica, Arial, sans-serif", "font-size": "12",
            ]
        ) { writer in
            writer.leaf("title", [:], chart.title)
            writer.leaf("desc", [:], description)
            writer.leaf("style", [:], Palette.darkStyle)
            writer.empty(
                "rect",
                [
                    "class": "ground", "width": width, "height": height,
                    "fill": Palette.ground.light,
                ])
            drawTitles(&writer)
            drawGrid(&writer)
            drawAxes(&writer)
            for series in chart.series { draw(series, &writer) }
            drawLabels(&writer)
            drawLegend(&writer)
        }
        return writer.text
    }

    /// For those who cannot see the picture.
    private var description: String {
        let names = chart.series.map(\.name).filter { !$0.isEmpty }
        return "\(chart.yTitle) against \(chart.xTitle): \(names.joined(separator: "; "))"
    }

    private func drawTitles(_ writer: inout SVGWriter) {
        let middle = coordinate((area.left + area.right) / 2)
        writer.leaf(
            "text",
            [
                "class": "ink", "x": coordinate(area.left), "y": "26", "font-size": "16",
                "font-weight": "bold", "fill": Palette.ink.light,
            ], chart.title)
        writer.leaf(
            "text",
            [
                "class": "ink", "x": middle, "y": coordinate(area.height - 14),
                "text-anchor": "middle", "font-size": "13", "fill": Palette.ink.light,
            ], chart.xTitle)
        let center = coordinate((PlotArea.top + area.bottom) / 2)
        writer.leaf(
            "text",
            [
                "class": "ink", "x": "18", "y": center, "transform": "rotate(-90 18 \(center))",
                "text-anchor": "middle", "font-size": "13", "fill": Palette.ink.light,
            ], chart.yTitle)
    }

    private func drawGrid(_ writer: inout SVGWriter) {
        func line(_ x: ClosedRange<Double>, _ y: ClosedRange<Double>, _ writer: inout SVGWriter) {
            writer.empty(
                "line",
                [
                    "class": "grid", "x1": coordinate(x.lowerBound), "y1": coordinate(y.lowerBound),
                    "x2": coordinate(x.upperBound), "y2": coordinate(y.upperBound),
                    "stroke": Palette.grid.light,
                ])
        }
        for value in area.xTicks.values {
            line(area.x(value)...area.x(value), PlotArea.top...area.bottom, &writer)
        }
        for value in area.yTicks.values {
            line(area.left...area.right, area.y(value)...area.y(value), &writer)
        }
    }

    private func drawAxes(_ writer: inout SVGWriter) {
        let left = coordinate(area.left)
        let corner = "V\(coordinate(area.bottom)) H\(coordinate(area.right))"
        writer.empty(
            "path",
            [
                "class": "axis", "d": "M\(left) \(coordinate(PlotArea.top)) \(corner)",
                "fill": "none", "stroke": Palette.ink.light,
            ])
        func label(_ text: String, x: Double, y: Double, anchor: String, _ writer: inout SVGWriter)
        {
            writer.leaf(
                "text",
                [
                    "class": "ink", "x": coordinate(x), "y": coordinate(y), "text-anchor": anchor,
                    "fill": Palette.ink.light,
                ], text)
        }
        for (value, text) in zip(area.xTicks.values, area.xTicks.labels) {
            label(text, x: area.x(value), y: area.bottom + 18, anchor: "middle", &writer)
        }
        for (value, text) in zip(area.yTicks.values, area.yTicks.labels) {
            label(text, x: area.left - 8, y: area.y(value) + 4, anchor: "end", &writer)
        }
    }

    private func draw(_ series: LineChart.Series, _ writer: inout SVGWriter) {
        let pen = SeriesPen(style: series.style)
        let points = series.points.map { (x: area.x($0.x), y: area.y($0.y)) }
        writer.group("g", [:]) { writer in
            if !series.name.isEmpty { writer.leaf("title", [:], series.name) }
            if series.style.hasLine { pen.line(points, &writer) }
            for point in points { pen.mark(point.x, point.y, &writer) }
            // One point makes no line; without a marker it would not be seen.
            if points.count == 1 { pen.dot(points[0].x, points[0].y, &writer) }
        }
    }

    private func drawLabels(_ writer: inout SVGWriter) {
        var placement = LabelPlacement(avoiding: obstacles, within: field)
        let points = chart.series.flatMap(\.points).filter { !$0.label.isEmpty }
        for point in points {
            let text = TextSize.shortened(point.label)
            let place = placement.place(text, x: area.x(point.x), y: area.y(point.y))
            let (x, y) = (coordinate(place.x), coordinate(place.y))
            // A second text behind the first keeps lines off the letters.
            writer.leaf(
                "text",
                [
                    "class": "ground halo", "x": x, "y": y, "font-size": "11",
                    "aria-hidden": "true",
                    "fill": Palette.ground.light, "stroke": Palette.ground.light,
                    "stroke-width": "3", "stroke-linejoin": "round",
                ], text)
            writer.leaf(
                "text",
                ["class": "ink", "x": x, "y": y, "font-size": "11", "fill": Palette.ink.light],
                text)
        }
    }

    private var field: LabelPlacement.Box {
        .init(
            left: area.left, top: PlotArea.top, width: area.right - area.left,
            height: area.bottom - PlotArea.top)
    }

    /// Markers, and small boxes along the lines between them.
    private var obstacles: [LabelPlacement.Box] {
        let isLabelled = chart.series.contains { $0.points.contains { !$0.label.isEmpty } }
        guard isLabelled else { return [] }
        return chart.series.flatMap { series in
            let points = series.points.map { (x: area.x($0.x), y: area.y($0.y)) }
            let marks = points.map { LabelPlacement.Box(around: $0.x, $0.y, radius: 5) }
            guard series.style.hasLine else { return marks }
            let lines = zip(points, points.dropFirst()).flatMap { start, end in
                (1..<20).map { step in
                    let share = Double(step) / 20
                    return LabelPlacement.Box(
                        around: start.x + share * (end.x - start.x),
                        start.y + share * (end.y - start.y), radius: 1.5)
                }
            }
            return marks + lines
        }
    }

    private func drawLegend(_ writer: inout SVGWriter) {
        for (row, series) in chart.series.filter({ !$0.name.isEmpty }).enumerated() {
            let x = area.right + 14
            let y = PlotArea.top + 8 + PlotArea.legendRow * Double(row)
            let pen = SeriesPen(style: series.style)
            if series.style.hasLine { pen.line([(x: x, y: y), (x: x + 26, y: y)], &writer) }
            pen.mark(x + 13, y, &writer)
            writer.leaf(
                "text",
                [
                    "class": "ink", "x": coordinate(x + 33), "y": coordinate(y + 4),
                    "fill": Palette.ink.light,
                ], TextSize.shortened(series.name))
        }
    }
}
