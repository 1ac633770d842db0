/// Which attempts to load one kind of thing run: one that counts, one more that follows it however often it
/// is asked for, and some that were given up and hang still.
package struct ReloadQueue {
    /// Attempts given up that may hang; with as many no further one begins.
    package static let mostHanging = 3

    private var last = 0
    private var running: Int?
    private var isWanted = false
    private var hanging: Set<Int> = []

    /// Nothing runs.
    package init() {}

    /// What to do with a wish to load.
    package enum Answer: Equatable {
        /// Begin the attempt of this number.
        case begin(Int)
        /// One runs; another one follows it.
        case follow
        /// Too many hang.
        case refuse
    }

    /// Whether an attempt runs that counts.
    package var isBusy: Bool { running != nil }

    /// Whether this attempt runs and counts.
    package func isRunning(_ number: Int) -> Bool { running == number }

    /// Wishes for an attempt.
    package mutating func request() -> Answer {
        if running != nil {
            isWanted = true
            return .follow
        }
        guard hanging.count < Self.mostHanging else { return .refuse }
        last += 1
        running = last
        return .begin(last)
    }

    /// Takes note that an attempt has ended.
    ///
    /// - Returns: whether its result counts: it was not given up before.
    package mutating func finish(_ number: Int) -> Bool {
        if running == number {
            running = nil
            return true
        }
        hanging.remove(number)
        return false
    }

    /// Gives an attempt up.
    ///
    /// - Returns: false where it has ended already.
    package mutating func giveUp(_ number: Int) -> Bool {
        guard running == number else { return false }
        running = nil
        hanging.insert(number)
        return true
    }

    /// Whether another attempt was wished for while one ran; says so once.
    package mutating func takeWish() -> Bool {
        guard running == nil, isWanted else { return false }
        isWanted = false
        return true
    }
}
