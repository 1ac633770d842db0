import Synchronization
import System

/// A number that only grows: a whole number, exact.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    init() {}

    /// Adds to it.
    ///
    /// - Parameter amount: not negative.
    public func increment(by amount: Int = 1) {
        precondition(amount >= 0, "a counter only grows")
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// What has been counted so far.
    public var value: Int { count.load(ordering: .relaxed) }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// Sets it.
    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// Adds to it; a negative amount takes away.
    public func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, current) = bits.compareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = current
        }
    }

    /// Its present value.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// How often values fell into ranges, with their sum.
public final class Histogram: Sendable {
    struct State {
        /// Inclusive upper bounds of the buckets, ascending; +Inf follows them.
        var bounds: [Double]
        var counts: [Int]
        var sum = 0.0

        init(_ bounds: [Double]) {
            self.bounds = bounds
            counts = Array(repeating: 0, count: bounds.count + 1)
        }

        func bucket(of value: Double) -> Int { bounds.firstIndex { value <= $0 } ?? bounds.count }
    }

    private let state: Lock<State>

    init(bounds: [Double]) {
        state = Lock(State(bounds))
    }

    /// Counts with other bounds from now on; what a bucket held goes to the first one that holds all of its
    /// range, so that what each bound counts stays true.
    func change(bounds: [Double]) {
        state.withLock { old in
            guard old.bounds != bounds else { return }
            var new = State(bounds)
            new.sum = old.sum
            for (index, count) in old.counts.enumerated() {
                let isLast = index == old.bounds.count
                new.counts[isLast ? bounds.count : new.bucket(of: old.bounds[index])] += count
            }
            old = new
        }
    }

    /// Records a value, in the unit that the metric's name ends with.
    ///
    /// - Parameters:
    ///   - value: what was observed.
    ///   - times: how often it was.
    public func observe(_ value: Double, times: Int = 1) {
        state.withLock {
            $0.counts[$0.bucket(of: value)] += times
            $0.sum += value * Double(times)
        }
    }

    var snapshot: State { state.withLock { $0 } }
}
