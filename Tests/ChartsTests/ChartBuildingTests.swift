import Charts
import Testing

@Suite struct ChartBuildingTests {
    private func losses(_ values: Double...) -> [LineChart.Point] {
        values.enumerated().map { .init(Double($0.offset), $0.element) }
    }

    @Test("The training loss is drawn pale as logged, and averaged over a centred window")
    func movingAverage() {
        let run = TrainingCurves(name: "run", training: losses(9, 6, 3, 6, 9))
        let chart = LineChart.loss([run], title: "t", window: 3)
        #expect(chart.series.map(\.name) == ["", "training"])
        #expect(chart.series[0].style.isFaint)
        #expect(chart.series[0].points.map(\.y) == [9, 6, 3, 6, 9])
        #expect(chart.series[1].points.map(\.y) == [7.5, 6, 5, 6, 7.5])
        let wide = LineChart.loss([run], title: "t", window: .max)
        #expect(wide.series[1].points.map(\.y) == [6.6, 6.6, 6.6, 6.6, 6.6])
    }

    @Test("A short run is not averaged unasked, and a long one over 25 points")
    func defaultWindow() {
        func averaged(_ values: [Double]) -> [Double] {
            let points = values.enumerated().map { LineChart.Point(Double($0.offset), $0.element) }
            let run = TrainingCurves(name: "run", training: points)
            return LineChart.loss([run], title: "t", window: nil).series[1].points.map(\.y)
        }
        let short: [Double] = (0..<30).map { 30 - Double($0) }
        #expect(averaged(short) == short)
        let long = (0..<600).map { $0 == 300 ? 25.0 : 0 }
        #expect(averaged(long).filter { $0 == 1 }.count == 25)
    }

    @Test("Validation has a curve for each exit, and several runs are told apart by name")
    func runs() {
        let exits = [losses(3, 2), losses(2, 1)]
        let runs = ["a", "b"].map {
            TrainingCurves(name: $0, training: losses(4, 3), validation: exits)
        }
        let one = LineChart.loss([runs[0]], title: "t", window: 1)
        #expect(
            one.series.map(\.name) == ["", "training", "validation, exit 1", "validation, exit 2"])
        let both = LineChart.loss(runs, title: "t", window: 1)
        #expect(both.series.map(\.name).contains("b, validation, exit 2"))
        // A look of its own for every curve of the legend.
        let looks = both.series.map {
            "\($0.style.color) \($0.style.dash) \($0.style.marker ?? -1) \($0.style.isFaint)"
        }
        #expect(Set(looks).count == 8)
    }

    @Test("Long logs are thinned to what can be seen, with their first and last step")
    func thinning() {
        let points = (0..<100_001).map { LineChart.Point(Double($0), 1) }
        let chart = LineChart.loss(
            [TrainingCurves(name: "", training: points.reversed())], title: "t", window: 5)
        for series in chart.series {
            #expect(series.points.count <= 1001)
            #expect(series.points.first?.x == 0)
            #expect(series.points.last?.x == 100_000)
        }
    }

    @Test("Fixed depths are one line in order, settings of one policy one curve, all labelled")
    func quality() {
        func result(_ policy: String, _ name: String, _ cost: Double) -> QualityPoints.Result {
            .init(
                policy: policy, name: name, cost: cost, bleu: 30 + cost,
                isFixedDepth: policy == "full" || policy == "fixed")
        }
        let set = QualityPoints(
            name: "set",
            results: [
                result("full", "full", 3), result("fixed", "fixed 1", 1),
                result("fixed", "fixed 2", 2), result("sequence", "sequence", 2.5),
                result("confidence", "confidence 0.9", 2.4),
                result("confidence", "confidence 0.5", 1.4),
            ])
        let chart = LineChart.quality([set], title: "t", costTitle: "c")
        #expect(chart.series.map(\.name) == ["fixed depths", "sequence", "confidence"])
        #expect(chart.series[0].points.map(\.label) == ["1", "2", "full"])
        #expect(chart.series[1].points.map(\.label) == ["sequence"])
        #expect(!chart.series[1].style.hasLine)
        #expect(chart.series[2].points.map(\.label) == ["0.5", "0.9"])
        let two = LineChart.quality(
            [set, QualityPoints(name: "other", results: set.results)], title: "t", costTitle: "c")
        #expect(two.series.map(\.name).contains("confidence, other"))
        #expect(
            two.series.first { $0.name == "confidence, set" }?.style.color
                == two.series.first { $0.name == "confidence, other" }?.style.color)
    }
}
