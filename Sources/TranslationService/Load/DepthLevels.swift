/// How shallow answers are because of load: a controller with hysteresis (docs/operations.md, Depth under load).
///
/// Level 0 is none. It rises by one where waiting takes more than `high` of the time that requests have, at most once in
/// `riseSeconds`, so that what a level saves shows before the next one; it falls by one for every `fallSeconds` in which
/// waiting took less than `low`. A value without a clock: time is a parameter.
package struct DepthLevels: Sendable {
    /// The share of a request's time that waiting takes, above which the level rises.
    package static let high = 0.15
    /// The share below which the level falls.
    package static let low = 0.05
    /// Seconds between two rises.
    package static let riseSeconds = 0.2
    /// Seconds of little waiting before each fall.
    package static let fallSeconds = 1.0

    /// The level now.
    package private(set) var level = 0
    /// The highest level, 0 where there is none to rise to.
    package private(set) var highest: Int
    private var lastRise = -Double.infinity
    /// Since when waiting has been short, or will be when what waits is done, as far as that has not been used for a fall.
    private var calmSince = -Double.infinity

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
        fall(until: now)
        // Who asks for an answer within milliseconds says nothing of the load.
        let pressure = waiting / max(allowed, Self.leastAllowed)
        guard pressure >= Self.low else { return level }
        calmSince = max(calmSince, now + min(waiting, Self.longestWaiting))
        if pressure > Self.high, level < highest, now - lastRise >= Self.riseSeconds {
            level += 1
            lastRise = now
        }
        return level
    }

    /// The level at a time at which nobody asks.
    package func level(at now: Double) -> Int {
        var levels = self
        levels.fall(until: now)
        return levels.level
    }

    private mutating func fall(until now: Double) {
        guard level > 0, now > calmSince else { return }
        let steps = ((now - calmSince) / Self.fallSeconds).rounded(.down)
        guard steps >= 1 else { return }
        level = max(0, level - Int(min(steps, Double(level))))
        calmSince += steps * Self.fallSeconds
    }

    /// Seconds that a request has at least, for the pressure.
    private static let leastAllowed = 1.0
    /// Seconds for which waiting is believed at most.
    private static let longestWaiting = 60.0
}
