import Glibc

/// The ticks of an axis: multiples of 1, 2 or 5 times a power of ten that cover the data.
public struct Ticks: Sendable, Equatable {
    /// Why there are no ticks for a range.
    public enum Failure: Error, Sendable, Equatable {
        /// A bound is not finite, or they are further apart than 10^100 or closer than 10^−100.
        case notRepresentable(lower: Double, upper: Double)
    }

    /// The distance of neighbours.
    public let step: Double
    /// The first tick is at or below the data, the last at or above it; at least two.
    public let values: [Double]
    /// Decimals that all values are written with.
    private let decimals: Int

    /// Chooses ticks for data.
    ///
    /// A range of one value is widened around it, and so is one so narrow that ticks would differ in
    /// the tenth digit only.
    ///
    /// - Parameters:
    ///   - range: what the ticks have to cover.
    ///   - count: about how many steps are wanted, 1 … 100; at most two more come out.
    /// - Throws: `Failure`.
    public init(covering range: ClosedRange<Double>, about count: Int = 6) throws(Failure) {
        let failure = Failure.notRepresentable(lower: range.lowerBound, upper: range.upperBound)
        guard range.lowerBound.isFinite, range.upperBound.isFinite else { throw failure }
        let widened = Self.widened(range)
        let rough = (widened.upperBound - widened.lowerBound) / Double(min(max(count, 1), 100))
        guard (1e-100...1e100).contains(rough) else { throw failure }
        let exponent = Int(log10(rough).rounded(.down))
        let mantissa = [1.0, 2, 5, 10].first { $0 * Self.power(exponent) >= rough * 0.999 } ?? 10
        let isTen = mantissa == 10
        let (digit, scale) = isTen ? (1, exponent + 1) : (Int(mantissa), exponent)
        let step = Self.multiple(1, digit, scale)
        func multiple(_ index: Double) -> Double { Self.multiple(index, digit, scale) }
        let (lowest, highest) = (widened.lowerBound / step, widened.upperBound / step)
        // The quotient of a bound that is a tick may miss the whole number by a rounding.
        let isFirst = multiple(lowest.rounded()) <= widened.lowerBound
        let isLast = multiple(highest.rounded()) >= widened.upperBound
        let first = lowest.rounded(isFirst ? .toNearestOrAwayFromZero : .down)
        let last = highest.rounded(isLast ? .toNearestOrAwayFromZero : .up)
        self.step = step
        decimals = max(-scale, 0)
        values = stride(from: first, through: last, by: 1).map(multiple)
    }

    /// The values as they are written at the axis.
    public var labels: [String] { values.map(label) }

    private func label(_ value: Double) -> String {
        guard decimals <= 9, abs(value) < 1e9 else { return "\(value)" }
        let scaled = Int64((abs(value) * Self.power(decimals)).rounded())
        let digits = String(scaled)
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard decimals > 0 else { return sign + Self.grouped(digits) }
        let padding = String(repeating: "0", count: max(decimals + 1 - digits.count, 0))
        let padded = padding + digits
        return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }

    /// Five digits and more in groups of three.
    private static func grouped(_ digits: String) -> String {
        guard digits.count > 4 else { return digits }
        let head = digits.count % 3
        return digits.enumerated().map { index, digit in
            (index > 0 && index % 3 == head ? "," : "") + String(digit)
        }.joined()
    }

    /// The range itself, or a tenth more on either side where its bounds are all but one number.
    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        let largest = max(abs(range.lowerBound), abs(range.upperBound))
        let isOneValue = range.upperBound - range.lowerBound <= largest * 1e-9
        guard isOneValue else { return range }
        let margin = largest == 0 ? 1 : largest * 0.1
        return range.lowerBound - margin...range.upperBound + margin
    }

    /// Divides by powers of ten below one, which are no doubles, so that 3 · 0.1 is 0.3.
    private static func multiple(_ index: Double, _ digit: Int, _ scale: Int) -> Double {
        let units = index * Double(digit)
        return scale < 0 ? units / power(-scale) : units * power(scale)
    }

    private static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
}
