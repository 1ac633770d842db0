/// Draws lines and markers in the style of a series.
struct SeriesPen {
    let style: LineChart.Style

    private var index: Int { Palette.index(style.color) }
    private var color: String { Palette.colors[index].light }

    /// A line through points in pixels.
    func line(_ points: [(x: Double, y: Double)], _ writer: inout SVGWriter) {
        guard points.count > 1 else { return }
        let path = points.map { "\(coordinate($0.x)) \(coordinate($0.y))" }.joined(separator: "L")
        let dash = Palette.dash(style)
        writer.empty(
            "path",
            [
                "class": "line\(index)", "d": "M" + path, "fill": "none", "stroke": color,
                "stroke-width": style.isFaint ? "1" : "2", "stroke-linejoin": "round",
                "stroke-dasharray": dash.isEmpty ? "none" : dash,
                "stroke-opacity": style.isFaint ? "0.25" : "1",
            ])
    }

    /// The series' marker at a point in pixels, if it has one.
    func mark(_ x: Double, _ y: Double, _ writer: inout SVGWriter) {
        guard let marker = style.marker else { return }
        let outline = Self.outlines[modulo(marker, Self.outlines.count)]
        draw(outline, x, y, &writer)
    }

    /// The first marker at a point in pixels, if the series has none of its own.
    func dot(_ x: Double, _ y: Double, _ writer: inout SVGWriter) {
        if style.marker == nil { draw(Self.outlines[0], x, y, &writer) }
    }

    private func draw(
        _ outline: [(Double, Double)], _ x: Double, _ y: Double, _ writer: inout SVGWriter
    ) {
        let path = outline.map { "\(coordinate(x + $0)) \(coordinate(y + $1))" }
        writer.empty(
            "path",
            ["class": "mark\(index)", "d": "M" + path.joined(separator: "L") + "Z", "fill": color])
    }

    /// Corners around a point: octagon, square, triangle, diamond, triangle upside down, hourglass.
    private static let outlines: [[(Double, Double)]] = [
        [
            (-1.7, -4), (1.7, -4), (4, -1.7), (4, 1.7), (1.7, 4), (-1.7, 4), (-4, 1.7), (-4, -1.7),
        ],
        [(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)],
        [(0, -4.8), (4.6, 3.4), (-4.6, 3.4)],
        [(0, -5.2), (5.2, 0), (0, 5.2), (-5.2, 0)],
        [(0, 4.8), (4.6, -3.4), (-4.6, -3.4)],
        [(-4, -4.4), (4, -4.4), (-4, 4.4), (4, 4.4)],
    ]
}
