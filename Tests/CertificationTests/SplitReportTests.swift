import Certification
import Checkpoint
import Decoding
import TestSupport
import Testing
import TranslationModel

/// Trials of two layers of three on sentences that lose all with these probabilities, from the safest on.
private func trials(_ count: Int, risks: [Double], seed: UInt64) -> [Certifier.Trial] {
    var random = SeededGenerator(seed: seed)
    return risks.enumerated().map { place, risk in
        var operations = OperationCount()
        (operations.executed, operations.fullDepth) = (80 - 30 * place, 100)
        return Certifier.Trial(
            rule: ExitRule(.fixed, .init(layer: 2 - place), layerCount: 3),
            losses: (0..<count).map { _ in
                Double(random.next() >> 11) * 0x1p-53 < risk ? 1 : 0
            },
            operations: Array(repeating: operations, count: count),
            depth: Array(repeating: (2 - place, 1), count: count))
    }
}

private func plan(_ size: Int, deltas: [Double], _ test: MeanTest = .betting) -> SplitPlan {
    SplitPlan(
        splits: 40, size: size, seed: 7, deltas: deltas, epsilon: 0.05, policies: 1, test: test)
}

@Suite("Promises on splits of a text", .timeLimit(.minutes(10)))
struct SplitReportTests {
    @Test("certify what holds, and are seldom broken", arguments: MeanTest.allCases)
    func holds(test: MeanTest) throws {
        let sentences = trials(3000, risks: [0.01, 0.2], seed: 1)
        let reports = plan(800, deltas: [0.001, 0.05, 0.5], test)
            .reports(sentences, layerCount: 3)
        #expect(reports.map(\.delta) == [0.001, 0.05, 0.5])
        #expect(reports.map(\.certified) == [0, 40, 40])
        #expect(reports.allSatisfy { $0.broken == 0 && $0.pValue == 1 })
        #expect(reports[0].operations == 1 && reports[0].loss == 0)
        #expect(abs(reports[1].operations - 0.8) < 1e-9)
        #expect(abs(reports[2].operations - 0.5) < 1e-9)
        #expect(reports[1].fresh.sentences.count <= 2)
    }

    @Test("tell how often and how soon the watch refutes them on sentences of another kind")
    func other() throws {
        let sentences = trials(2000, risks: [0.01], seed: 2)
        let strange = trials(1000, risks: [0.3], seed: 3)
        let report = try #require(
            plan(800, deltas: [0.05]).reports(sentences, other: strange, layerCount: 3).first)
        let other = try #require(report.other)
        #expect(other.sentences.count == report.certified && report.certified == 40)
        #expect(try #require(other.median(of: 40)) < 60)
        #expect(abs(other.loss - 0.3) < 0.05)
        #expect(other.median(of: 0) == nil && other.median(of: 1000) == nil)
    }

    @Test("are counted as broken where a split promises what the rest does not keep")
    func broken() throws {
        // A handful of sentences, tested at ε near 1: whatever loses nothing there passes.
        let sentences = trials(1000, risks: [0.2], seed: 4)
        var careless = plan(4, deltas: [0.1])
        careless.share = 0.95
        let report = try #require(careless.reports(sentences, layerCount: 3).first)
        #expect(report.certified > 0 && report.broken == report.certified)
        #expect(report.pValue < 0.001)
    }

    @Test("are the same with the same seed")
    func seed() {
        let sentences = trials(500, risks: [0.05, 0.1], seed: 5)
        let runs = (0..<2).map { _ in
            plan(200, deltas: [0.1, 0.2]).reports(sentences, layerCount: 3)
        }
        #expect(runs[0].map(\.loss) == runs[1].map(\.loss))
        #expect(runs[0].map(\.certified) == runs[1].map(\.certified))
    }
}
