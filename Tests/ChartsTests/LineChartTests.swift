import Charts
import Testing

@Suite struct LineChartTests {
    private func chart(
        _ name: String, _ points: [LineChart.Point], marker: Int? = nil
    ) -> LineChart {
        var style = LineChart.Style(color: 1)
        style.marker = marker
        return LineChart(
            title: "Title", xTitle: "across", yTitle: "up",
            series: [.init(name, points, style: style)])
    }

    @Test("A chart is well-formed XML with titles, ticks, legend and one path for a curve")
    func structure() throws {
        let svg = try chart("curve", [.init(0, 1), .init(1, 3), .init(2, 2)]).svg()
        let root = try XMLElement.parse(svg)
        #expect(root.name == "svg")
        #expect(root.attributes["xmlns"] == "http://www.w3.org/2000/svg")
        #expect(root.children.first { $0.name == "title" }?.text == "Title")
        let expected = ["Title", "across", "up", "0.0", "1.0", "2.0", "3.0", "curve"]
        #expect(Set(root.texts).isSuperset(of: expected))
        let lines = root.elements("path").filter { $0.attributes["class"] == "line1" }
        // The curve and its sample in the legend.
        #expect(lines.count == 2)
        #expect(root.elements("script").isEmpty)
    }

    @Test("Points stand where the axes say, upwards for more")
    func positions() throws {
        let svg = try chart("", [.init(0, 0), .init(5, 10)]).svg()
        let root = try XMLElement.parse(svg)
        let axis = try #require(root.all.first { $0.attributes["class"] == "axis" })
        let curve = try #require(root.all.first { $0.attributes["class"] == "line1" })
        // The axes go from the upper left corner down and to the right, the curve from the corner
        // where they meet to the one across.
        #expect(axis.attributes["d"] == "M54 46 V406 H736")
        #expect(curve.attributes["d"] == "M54 406L736 46")
    }

    @Test("Names, titles and labels from outside stay text", arguments: [nil, 2])
    func escaping(marker: Int?) throws {
        let hostile = "</text><script>\"a'&amp;\u{1}\u{FFFF}"
        var chart = chart(
            hostile, [.init(0, 1, label: hostile), .init(1, 2)], marker: marker)
        chart.title = hostile
        chart.xTitle = hostile
        let root = try XMLElement.parse(try chart.svg())
        #expect(root.elements("script").isEmpty)
        let shown = "</text><script>\"a'&amp;\u{FFFD}\u{FFFD}"
        // Title, horizontal axis, legend, and the label with the ground behind it.
        #expect(root.texts.filter { $0 == shown }.count == 5)
    }

    @Test("Every point of a marked series has a marker, and the legend one more")
    func markers() throws {
        for marker in -1...7 {
            let chart = chart("m", [.init(0, 1), .init(1, 2), .init(2, 5)], marker: marker)
            let root = try XMLElement.parse(try chart.svg())
            #expect(root.all.filter { $0.attributes["class"] == "mark1" }.count == 4)
        }
    }

    @Test("Labels stand inside the field and off each other")
    func labels() throws {
        let points = (0..<6).map { LineChart.Point(Double($0), 1, label: "label \($0)") }
        let near = points + [.init(5, 1.01, label: "label 6")]
        let root = try XMLElement.parse(try chart("", near, marker: 0).svg())
        let labels = root.elements("text").filter {
            $0.text.hasPrefix("label") && $0.attributes["aria-hidden"] == nil
        }
        let places = labels.compactMap { label -> (Double, Double)? in
            guard let x = label.attributes["x"].flatMap(Double.init),
                let y = label.attributes["y"].flatMap(Double.init)
            else { return nil }
            return (x, y)
        }
        #expect(places.count == 7)
        for (index, place) in places.enumerated() {
            #expect(place.0 >= 75 && place.0 + 45 <= 736)
            for other in places.dropFirst(index + 1) {
                let isApart = abs(place.0 - other.0) > 44 || abs(place.1 - other.1) > 11
                #expect(isApart)
            }
        }
    }

    @Test("A curve of one point is a dot")
    func dot() throws {
        let root = try XMLElement.parse(try chart("", [.init(3, 4)]).svg())
        #expect(root.all.filter { $0.attributes["class"] == "line1" }.isEmpty)
        #expect(root.all.filter { $0.attributes["class"] == "mark1" }.count == 1)
    }

    @Test("Nothing to draw and numbers that no axis holds are errors")
    func refusals() {
        #expect(throws: LineChart.Failure.empty) { try chart("x", []).svg() }
        #expect(throws: LineChart.Failure.self) {
            try chart("x", [.init(0, 1), .init(1, .nan)]).svg()
        }
        #expect(throws: LineChart.Failure.self) { try chart("x", [.init(.infinity, 1)]).svg() }
        #expect("\(LineChart.Failure.empty)" == "there is no point to draw")
    }
}
