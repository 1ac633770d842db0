/// How shallow answers are because of load: a controller with hysteresis (method.md §10).
///
/// Level 0 is none. It rises by one where waiting takes more than `high` of the time that requests have, at most once in
/// `riseSeconds`, so that what a level saves shows before the next one; it falls by one for every `fallSeconds` in which
/// waiting took less than `low`. A value without a clock: time is a parameter.
package struct DepthLevels: Sendable {
    /// The share of a request's time that waiting takes, above which the level rises.
    package static let high = 0.4
    /// The share below which the level falls.
    package static let low = 0.15
    /// Seconds between two rises.
    package static let riseSeconds = 0.25
    /// Seconds of little waiting before each fall.
    package static let fallSeconds = 1.0

    /// The level now.
    package private(set) var level = 0
    /// The highest level, 0 where there is none to rise to.
    package private(set) var highest: Int
    private var lastRise = -Double.infinity
    /// Since when waiting has been short, as far as that has not been used for a fall.
    private var calmSince: Double?

    /// Level 0.
    ///
    /// - Parameter highest: the highest level, at least 0.
    package init(highest: Int) { self.highest = max(0, highest) }

    /// Has other levels from now on.
    package mutating func change(highest: Int) {
        self.highest = max(0, highest)
        level = min(level, self.highest)
    }

    /// Takes note of a request.
    ///
    /// - Parameters:
    ///   - waiting: seconds until what is under way is done, as estimated.
    ///   - allowed: seconds that the request has.
    ///   - now: the time.
    /// - Returns: the level for it.
    package mutating func observe(waiting: Double, allowed: Double, at now: Double) -> Int {
        let pressure = allowed > 0 ? waiting / allowed : .infinity
        if pressure < Self.low {
            fall(until: now)
        } else {
            calmSince = nil
            if pressure > Self.high, level < highest, now - lastRise >= Self.riseSeconds {
                level += 1
                lastRise = now
            }
        }
        return level
    }

    /// The level at a time at which nothing waits.
    package mutating func fall(until now: Double) {
        guard let since = calmSince else {
            calmSince = now
            return
        }
        let steps = Int((now - since) / Self.fallSeconds)
        guard steps > 0 else { return }
        level = max(0, level - steps)
        calmSince = since + Double(steps) * Self.fallSeconds
    }
}
