import System
import TranslationAPI

/// Time that passes when a test says so.
final class TestClock: Sendable {
    private struct State {
        var now = 0.0
        var waiting: [(time: Double, action: @Sendable () -> Void)] = []
    }

    private let state = Lock(State())

    var now: Double { state.withLock { $0.now } }

    /// The same as the API takes it.
    var api: APIClock {
        APIClock(
            now: { self.now },
            after: { seconds, action in
                self.state.withLock { $0.waiting.append(($0.now + seconds, action)) }
            })
    }

    /// Lets time pass, and what has waited for it happen.
    func advance(by seconds: Double) {
        let due = state.withLock { state in
            state.now += seconds
            let now = state.now
            defer { state.waiting.removeAll { $0.time <= now } }
            return state.waiting.filter { $0.time <= now }
        }
        for (_, action) in due { action() }
    }
}
