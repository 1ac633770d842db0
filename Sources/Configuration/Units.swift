/// Durations and sizes as people write them, and as they are read again.
package enum Units {
    /// How many of a unit make a second, or seconds a unit.
    private static let durations: [(unit: String, seconds: @Sendable (Double) -> Double)] = [
        // Divided, so that 7ms is the number nearest to 0.007.
        ("ms", { $0 / 1000 }), ("s", { $0 }), ("m", { $0 * 60 }),
    ]
    private static let sizes = [("KiB", 1 << 10), ("MiB", 1 << 20), ("B", 1)]

    /// Seconds of `250ms`, `1.5s`, `2m`; nil for what is no such text, or endless.
    package static func seconds(_ text: String) -> Double? {
        for (unit, seconds) in durations where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)) else { continue }
            return number >= 0 && number.isFinite ? seconds(number) : nil
        }
        return nil
    }

    /// A short text that `seconds` reads as the same number.
    package static func duration(_ seconds: Double) -> String {
        let isWhole = seconds == seconds.rounded(.towardZero)
        let milliseconds = "\(number(seconds * 1000))ms"
        if !isWhole, Self.seconds(milliseconds) == seconds { return milliseconds }
        return "\(number(seconds))s"
    }

    /// Without a fraction where there is none.
    private static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    /// Bytes of `512B`, `64KiB`, `1MiB`.
    package static func bytes(_ text: String) -> Int? {
        for (unit, factor) in sizes where text.hasSuffix(unit) {
            guard let number = Int(text.dropLast(unit.count)) else { continue }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow || number < 0 ? nil : bytes
        }
        return nil
    }

    /// The shortest such text.
    package static func size(_ bytes: Int) -> String {
        if bytes > 0, bytes % (1 << 20) == 0 { return "\(bytes >> 20)MiB" }
        if bytes > 0, bytes % (1 << 10) == 0 { return "\(bytes >> 10)KiB" }
        return "\(bytes)B"
    }
}
