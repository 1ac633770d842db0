/// How many requests are answered in a time.
public struct RateLimit: Sendable, Equatable {
    /// Requests in a second, above 0.
    let perSecond: Double
    /// Requests that may come at once, at least 1.
    let burst: Int
    /// The rate as it is written.
    public let text: String

    /// Most requests that a rate or a burst can name.
    public static let largestCount = 1_000_000

    /// What a rate looks like, for messages.
    public static let notation = "a number from 1 on and /s, /m or /h, such as 60/m"

    /// A rate as it is written; as many at once as its number says.
    ///
    /// - Parameter text: `notation`; nil where it is not.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]),
            (1...Self.largestCount).contains(count),
            let seconds = ["s": 1.0, "m": 60, "h": 3600][parts[1]]
        else { return nil }
        perSecond = Double(count) / seconds
        burst = count
        self.text = text
    }

    private init(_ rate: RateLimit, burst: Int) {
        perSecond = rate.perSecond
        text = rate.text
        self.burst = burst
    }

    /// The same rate with another number at once.
    ///
    /// - Parameter burst: requests that may come at once.
    /// - Returns: nil where it is out of range.
    public func allowing(burst: Int) -> RateLimit? {
        (1...Self.largestCount).contains(burst)
            ? RateLimit(self, burst: burst) : nil
    }
}

/// What is left of a limit: a bucket that fills steadily and of which each request takes one token.
struct TokenBucket: Sendable {
    let limit: RateLimit
    private var tokens: Double
    private var time: Double

    /// A full bucket.
    init(_ limit: RateLimit, at now: Double) {
        self.limit = limit
        tokens = Double(limit.burst)
        time = now
    }

    /// Takes a token.
    ///
    /// - Parameter now: seconds that only grow.
    /// - Returns: nil, or how many seconds there is none yet.
    mutating func take(at now: Double) -> Double? {
        tokens = min(Double(limit.burst), tokens + (now - time) * limit.perSecond)
        time = now
        guard tokens >= 1 else { return (1 - tokens) / limit.perSecond }
        tokens -= 1
        return nil
    }
}
