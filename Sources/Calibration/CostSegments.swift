/// Ranges of average exit, in each of which the best BLEU is kept.
///
/// Segment i holds the average exits above the bound of segment i − 1 and up to its own.
public struct CostSegments: Sendable, Equatable {
    /// Upper bounds, ascending; the last is N.
    public let bounds: [Double]

    /// Segments with given bounds, or with those that suit most decoders.
    ///
    /// - Parameters:
    ///   - bounds: above 1 and below N, in any order; nil: 1.5, 2, 2.5, 3, 4. N is added.
    ///   - layerCount: N.
    ///
    /// Nil where a bound is outside that range.
    public init?(bounds: [Double]? = nil, layerCount: Int) {
        let range = 1.0.nextUp..<Double(layerCount).nextUp
        let given = bounds ?? [1.5, 2, 2.5, 3, 4].filter(range.contains)
        guard given.allSatisfy(range.contains) else { return nil }
        self.bounds = Set(given + [Double(layerCount)]).sorted()
    }

    /// The segment of an average exit, nil above N.
    public func index(of averageExit: Double) -> Int? {
        bounds.firstIndex { averageExit <= $0 }
    }

    /// A profile's name: "exit-2.5" for the segment that ends at 2.5.
    public func name(_ index: Int) -> String {
        let bound = bounds[index]
        return bound == bound.rounded() ? "exit-\(Int(bound))" : "exit-\(bound)"
    }

    /// The best of each segment that has any.
    ///
    /// - Parameter measurements: in any order.
    /// - Returns: by segment, the highest BLEU; among equals the lowest average exit.
    public func best(of measurements: [Measurement]) -> [Int: Measurement] {
        var best: [Int: Measurement] = [:]
        for measurement in measurements {
            guard let index = index(of: measurement.averageExit) else { continue }
            if let old = best[index],
                (old.bleu, -old.averageExit) >= (measurement.bleu, -measurement.averageExit)
            {
                continue
            }
            best[index] = measurement
        }
        return best
    }

    /// The lowest average exit among results that lose little.
    ///
    /// - Parameters:
    ///   - measurements: in any order.
    ///   - bleu: the least BLEU that will do.
    /// - Returns: nil where none reaches it.
    public static func cheapest(
        of measurements: some Collection<Measurement>, reaching bleu: Double
    ) -> Measurement? {
        measurements.filter { $0.bleu >= bleu }.min {
            ($0.averageExit, -$0.bleu) < ($1.averageExit, -$1.bleu)
        }
    }
}
