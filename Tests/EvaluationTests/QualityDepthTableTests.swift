import Evaluation
import Testing

@Suite struct QualityDepthTableTests {
    private let full = QualityDepthTable.Row(
        name: "full", quality: (38.5, 60), cost: cost(6, 200),
        significance: .init(fullDepthDifference: 0, fullDepthPValue: nil, line: nil))
    private let geometric = QualityDepthTable.Row(
        name: "token_geometric 0.4", quality: (38.25, 59.5), cost: cost(1.5, 100),
        significance: .init(
            fullDepthDifference: -0.25, fullDepthPValue: 0.1234,
            line: .init(
                exits: .init(difference: 0.5, interval: -0.125...1.25, shareAbove: 0.9),
                operations: .init(difference: 0.75, interval: 0.25...1.25, shareAbove: 1))))
    private let confidence = QualityDepthTable.Row(
        name: "confidence|0.9", quality: (38, 59), cost: cost(3, 250))

    private static func cost(_ exit: Double, _ operations: Double) -> QualityDepthTable.Cost {
        .init(
            averageExit: exit, layerCount: 6, operationsPerToken: operations,
            fullDepthOperationsPerToken: 200)
    }

    @Test("Savings are against full depth, and may be negative")
    func savings() {
        #expect(geometric.cost.layersSaved == 0.75)
        #expect(geometric.cost.operationsSaved == 0.5)
        #expect(confidence.cost.operationsSaved == -0.25)
        #expect(full.cost.layersSaved == 0)
    }

    @Test("The frontier holds what no row beats in quality and cost at once")
    func frontier() {
        let table = QualityDepthTable(rows: [full, geometric, confidence])
        #expect(table.rows.map(table.isOnFrontier) == [true, true, false])
        let twins = QualityDepthTable(rows: [full, full])
        #expect(twins.rows.map(twins.isOnFrontier) == [true, true])
    }

    @Test("A star marks what is above the line, and differences that round to 0 have no sign")
    func signs() {
        func markdown(_ difference: Double, _ interval: ClosedRange<Double>) -> String {
            let row = QualityDepthTable.Row(
                name: "x", quality: (30, 50), cost: Self.cost(2, 100),
                significance: .init(
                    fullDepthDifference: -0.004, fullDepthPValue: 0.5,
                    line: .init(
                        exits: .init(difference: difference, interval: interval, shareAbove: 1),
                        operations: .init(difference: 0, interval: -1...1, shareAbove: 0.5))))
            return QualityDepthTable(rows: [row]).markdown
        }
        #expect(markdown(0.5, 0.25...0.75).contains("| 0.00 (0.500) | +0.50* [+0.25, +0.75] |"))
        #expect(markdown(0.5, 0...1).contains("| +0.50 [0.00, +1.00] |"))
    }

    @Test("The Markdown has the frontier in bold, and a dash where nothing was compared")
    func markdown() {
        #expect(
            QualityDepthTable(rows: [full, geometric, confidence]).markdown == """
                | policy | BLEU | chrF2 | average exit | layers saved | operations saved \
                | Δ full (p) | Δ line by exits [95 %] | by operations [95 %] |
                | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
                | full | **38.50** | 60.00 | 6.000 | 0.0 % | 0.0 % | 0.00 | – | – |
                | token_geometric 0.4 | **38.25** | 59.50 | 1.500 | 75.0 % | 50.0 % \
                | -0.25 (0.123) | +0.50 [-0.12, +1.25] | +0.75* [+0.25, +1.25] |
                | confidence\\|0.9 | 38.00 | 59.00 | 3.000 | 50.0 % | -25.0 % | – | – | – |

                """)
    }

    @Test("The text has names to the left, figures to the right and no columns without content")
    func text() {
        #expect(
            QualityDepthTable(rows: [confidence]).text == """
                policy           BLEU  chrF2  average exit  layers saved  operations saved
                confidence|0.9  38.00  59.00         3.000        50.0 %           -25.0 %

                """)
    }
}
