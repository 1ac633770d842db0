/// When to screen a vocabulary: a network that is seldom sure leaves too many ids, and then both ways are paid.
///
/// Each screening in vain doubles the pause until the next is tried, up to a limit; one that finds the best id ends it. Results do not depend on it.
struct ScreeningPause {
    private var length = 1
    private var left = 0

    private static let longest = 256

    /// Whether to screen now.
    mutating func isDue() -> Bool {
        if left > 0 { left -= 1 }
        return left == 0
    }

    /// Learns what a screening came to.
    mutating func note(isDone: Bool) {
        length = isDone ? 1 : min(2 * length, Self.longest)
        left = isDone ? 0 : length
    }
}
