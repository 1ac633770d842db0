import Glibc

/// Signals that are held back until a thread takes them, so that none is lost or acts by itself, however
/// early it comes.
///
/// A source of Dispatch loses those that come while a thread runs that does not block them: the signal has
/// to be ignored for it, and the system discards an ignored signal at once.
public struct HeldSignals: Sendable {
    private let numbers: [Int32]

    /// Holds signals back in this thread and in every thread that it starts from now on.
    ///
    /// - Parameter numbers: of the signals. No other thread that was there before may let one through:
    ///   call this first of all on the main thread.
    public init(_ numbers: [Int32]) {
        self.numbers = numbers
        var set = Self.set(of: numbers)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for the next signal and takes it.
    ///
    /// - Returns: its number. Two of one kind that come before the first is taken are one (signal(7)).
    public func take() -> Int32 {
        var set = Self.set(of: numbers)
        while true {
            var number: Int32 = 0
            if sigwait(&set, &number) == 0 { return number }
        }
    }

    /// Holds signals back, and has a thread of its own take each as it comes.
    ///
    /// - Parameters:
    ///   - numbers: as for `init`, which says when to call this.
    ///   - body: what to do about a signal; called on that thread.
    public static func handle(
        _ numbers: [Int32], by body: @escaping @Sendable (Int32) -> Void
    ) {
        let signals = HeldSignals(numbers)
        let hasStarted = WorkerThread.start { while true { body(signals.take()) } }
        // Without the thread a signal would never be heeded.
        if !hasStarted { signals.letGo() }
    }

    /// Lets them act as they do by themselves again, in this thread.
    private func letGo() {
        var set = Self.set(of: numbers)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static func set(of numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }
}
