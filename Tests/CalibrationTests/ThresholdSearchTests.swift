import Calibration
import Testing

private typealias Estimate = FullDepthTrace.Estimate

/// A made-up decoder of four layers: quality grows with depth, and layer 2 is worth little.
private func world(_ thresholds: [Double]) -> (bleu: Double, averageExit: Double) {
    let averageExit = 1 + thresholds.reduce(0, +)
    let bleu = 30 + 3 * thresholds[0] + 0.1 * thresholds[1] + 2 * thresholds[2]
    return (bleu, averageExit)
}

private func estimate(_ thresholds: [Double]) -> Estimate {
    let (bleu, averageExit) = world(thresholds)
    return Estimate(averageExit: averageExit, agreement: bleu / 100)
}

private func measure(_ thresholds: [Double]) -> Measurement {
    let (bleu, averageExit) = world(thresholds)
    return Measurement(thresholds: thresholds, bleu: bleu, averageExit: averageExit)
}

private func search(
    _ change: (inout ThresholdSearch.Options) -> Void = { _ in }
) throws -> ThresholdSearch {
    var options = ThresholdSearch.Options(layerCount: 4)
    options.draws = 60
    change(&options)
    let segments = try #require(CostSegments(layerCount: 4))
    return ThresholdSearch(layerCount: 4, segments: segments, options: options)
}

@Suite("The search for thresholds")
struct ThresholdSearchTests {
    @Test("It finds what is worth its cost: the best near 2 spends it on the first layer")
    func finds() throws {
        let measured = try search { $0.draws = 200 }.run(estimate: estimate, measure: measure)
        let segments = try #require(CostSegments(layerCount: 4))
        let best = segments.best(of: measured)
        #expect(Set(best.keys) == Set(segments.bounds.indices))
        let two = try #require(best[1])
        #expect(two.averageExit <= 2)
        #expect(two.bleu > 32.7)
        #expect(two.thresholds[0] > 0.8 && two.thresholds[1] < 0.2)
    }

    @Test("A seed gives the same draws, another seed others, both as many as were announced")
    func seeds() throws {
        let first = try search().run(estimate: estimate, measure: measure)
        #expect(try search().run(estimate: estimate, measure: measure) == first)
        #expect(try search { $0.seed = 2 }.run(estimate: estimate, measure: measure) != first)
        #expect(try search().measurementCount == first.count)
    }

    @Test("Thresholds are thousandths of 0 to 1, and 0 from the greatest layer on")
    func bounds() throws {
        let measured = try search { $0.maximumLayer = 2 }.run(estimate: estimate, measure: measure)
        for thresholds in measured.map(\.thresholds) {
            #expect(thresholds[1] == 0 && thresholds[2] == 0)
            #expect((0...1).contains(thresholds[0]))
            #expect((thresholds[0] * 1000).rounded() / 1000 == thresholds[0])
        }
    }

    @Test("No draws leave the equal thresholds and the fixed depths")
    func anchors() throws {
        let measured = try search { $0.draws = 0 }.run(estimate: estimate, measure: measure)
        #expect(measured.count == 19 + 4)
        #expect(measured.contains { $0.thresholds == [0.05, 0.05, 0.05] })
        #expect(measured.contains { $0.thresholds == [1, 0, 0] })
    }

    @Test("The first fault of a measurement ends the search")
    func faults() throws {
        struct Fault: Error {}
        #expect(throws: Fault.self) {
            _ = try search().run(estimate: estimate) { (_) throws(Fault) in throw Fault() }
        }
    }
}

@Suite("Cost segments")
struct CostSegmentsTests {
    @Test("They hold the default bounds below N, and N; bounds outside are refused")
    func bounds() {
        #expect(CostSegments(layerCount: 6)?.bounds == [1.5, 2, 2.5, 3, 4, 6])
        #expect(CostSegments(layerCount: 2)?.bounds == [1.5, 2])
        #expect(CostSegments(bounds: [3, 2, 2], layerCount: 6)?.bounds == [2, 3, 6])
        #expect(CostSegments(bounds: [1], layerCount: 6) == nil)
        #expect(CostSegments(bounds: [6.5], layerCount: 6) == nil)
        #expect(CostSegments(bounds: [.nan], layerCount: 6) == nil)
    }

    @Test("A bound belongs to the segment that it ends")
    func index() throws {
        let segments = try #require(CostSegments(layerCount: 6))
        #expect(segments.index(of: 1) == 0)
        #expect(segments.index(of: 1.5) == 0)
        #expect(segments.index(of: 1.5.nextUp) == 1)
        #expect(segments.index(of: 6) == 5)
        #expect(segments.name(0) == "exit-1.5" && segments.name(1) == "exit-2")
    }

    @Test("The best has the highest BLEU, among equals the lowest average exit")
    func best() throws {
        let segments = try #require(CostSegments(bounds: [2], layerCount: 6))
        let measurements = [(30.0, 1.5), (31, 1.9), (31, 1.8), (31, 1.85), (29, 3)].map {
            Measurement(thresholds: [], bleu: $0, averageExit: $1)
        }
        let best = segments.best(of: measurements)
        #expect(best.mapValues(\.averageExit) == [0: 1.8, 1: 3])
        let cheapest = CostSegments.cheapest(of: measurements, reaching: 29.5)
        #expect(cheapest?.averageExit == 1.5)
        #expect(CostSegments.cheapest(of: measurements, reaching: 32) == nil)
    }
}
