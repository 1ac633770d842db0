import Synchronization

/// Tells others whether a worker gets on with its work.
final class Heartbeat: Sendable {
    /// When the piece of work in hand began, as bits of seconds; `resting` while there is none.
    private let began = Atomic(resting)
    private static let resting = Double.infinity.bitPattern

    /// A piece of work begins.
    func beat(at now: Double) { began.store(now.bitPattern, ordering: .relaxed) }

    /// The worker waits for work.
    func rest() { began.store(Self.resting, ordering: .relaxed) }

    /// Seconds that the piece of work in hand has taken so far; 0 where there is none.
    func seconds(at now: Double) -> Double {
        max(0, now - Double(bitPattern: began.load(ordering: .relaxed)))
    }
}
