import Charts
import TestSupport
import Testing

@Suite struct TicksTests {
    @Test("Ticks of any range are round, evenly spaced, few, and cover the range closely")
    func properties() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let scale = (0..<generator.below(12)).reduce(1e-6) { value, _ in value * 10 }
            let lower = Double.random(in: -scale...scale, using: &generator)
            let width = Double.random(in: 1e-3...1, using: &generator) * scale
            let count = 1 + generator.below(10)
            let ticks = try Ticks(covering: lower...lower + width, about: count)
            let (first, last) = (ticks.values[0], ticks.values[ticks.values.count - 1])
            #expect(first <= lower && lower - first < ticks.step * (1 + 1e-9))
            #expect(last >= lower + width && last - lower - width < ticks.step * (1 + 1e-9))
            #expect((2...count + 3).contains(ticks.values.count))
            for (value, next) in zip(ticks.values, ticks.values.dropFirst()) {
                #expect((next - value - ticks.step).magnitude < ticks.step * 1e-6)
            }
            #expect(["1", "2", "5"].contains(leadingDigits(ticks.step)))
            #expect(Set(ticks.labels).count == ticks.values.count)
        }
    }

    /// The digits of a number without zeros at either end.
    private func leadingDigits(_ value: Double) -> String {
        let digits = "\(value)".prefix { $0 != "e" }.filter { $0 != "." }.drop { $0 == "0" }
        return String(digits.reversed().drop { $0 == "0" }.reversed())
    }

    @Test(
        "Known ranges have the ticks that one would draw by hand",
        arguments: [
            (0...6, ["0", "1", "2", "3", "4", "5", "6"]),
            (0.1...0.3, ["0.10", "0.15", "0.20", "0.25", "0.30"]),
            (32.9...36.95, ["32", "33", "34", "35", "36", "37"]),
            (-0.4...0.4, ["−0.4", "−0.2", "0.0", "0.2", "0.4"]),
            (0...60_000, ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]),
            (3...3, ["2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3"]),
            (0...0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        ] as [(ClosedRange<Double>, [String])])
    func known(range: ClosedRange<Double>, labels: [String]) throws {
        #expect(try Ticks(covering: range).labels == labels)
    }

    @Test(
        "A range that doubles cannot divide is refused",
        arguments: [
            0...Double.infinity, -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
            0...1e-300,
        ])
    func refusals(range: ClosedRange<Double>) {
        #expect(throws: Ticks.Failure.self) { try Ticks(covering: range) }
    }

    @Test("Numbers that differ in the last digit only are shown as one")
    func narrow() throws {
        #expect(try Ticks(covering: 1...1.nextUp).values.count > 2)
    }
}
