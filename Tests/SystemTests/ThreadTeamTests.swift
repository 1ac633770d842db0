import Glibc
import Synchronization
import System
import TestSupport
import Testing

/// How often each part was done.
private final class Tally: Sendable {
    let counts = (0..<64).map { _ in Counter() }

    final class Counter: Sendable {
        let value = Atomic(0)
    }
}

@Suite("A team of threads")
struct ThreadTeamTests {
    @Test("does every part once, work after work", arguments: [0, 1, 3])
    func everyPartOnce(helpers: Int) {
        let team = ThreadTeam(helpers: helpers)
        #expect(team.helperCount == helpers)
        #expect(team.tryAcquire() == (helpers > 0))
        let tally = Tally()
        let rounds = 20_000
        for round in 0..<rounds {
            let context = Unmanaged.passUnretained(tally).toOpaque()
            team.run(parts: 1 + round % 64, UnsafeRawPointer(context)) { context, part in
                let tally = Unmanaged<Tally>.fromOpaque(context).takeUnretainedValue()
                tally.counts[part].value.add(1, ordering: .relaxed)
            }
            // Nothing of it may be missing once `run` has returned.
            let first = tally.counts[0].value.load(ordering: .relaxed)
            guard first == round + 1 else {
                Issue.record("the first part was done \(first) times in \(round + 1) rounds")
                return
            }
        }
        for (part, counter) in tally.counts.enumerated() {
            let expected = (0..<rounds).count { $0 % 64 >= part }
            #expect(counter.value.load(ordering: .relaxed) == expected)
        }
    }

    @Test("belongs to one thread at a time, and to the next once it is released")
    func oneOwner() {
        let team = ThreadTeam(helpers: 1)
        #expect(team.tryAcquire())
        #expect(!team.tryAcquire())
        team.release()
        #expect(team.tryAcquire())
    }

    @Test("leaves its helpers out for a while after one kept the work waiting, longer each time")
    func pausesAfterDelay() {
        let work = SharedWork()
        let team = ThreadTeam(helpers: 1, clock: { work.now() })
        #expect(team.tryAcquire())
        #expect(work.run(team, delay: 0) == 1)
        for pause in [0.010, 0.020, 0.040] {
            #expect(work.run(team, delay: 0.003) == 1)
            #expect(work.run(team, delay: nil) == 0)
            work.pass(pause - 0.001)
            #expect(work.run(team, delay: nil) == 0)
            work.pass(0.002)
            #expect(work.run(team, delay: 0) == 1)
        }
        team.release()
    }

    @Test("goes on with a helper that is a little late, unless it is so again and again")
    func shortDelays() {
        let work = SharedWork()
        let team = ThreadTeam(helpers: 1, clock: { work.now() })
        #expect(team.tryAcquire())
        for _ in 0..<20 {
            #expect(work.run(team, delay: 0.0002) == 1)
            work.pass(0.1)
        }
        // Half of the time, which is looked at once it is two milliseconds.
        for _ in 0..<6 {
            #expect(work.run(team, delay: 0.0002) == 1)
            work.pass(0.0002)
        }
        #expect(work.run(team, delay: nil) == 0)
        work.pass(0.011)
        #expect(work.run(team, delay: 0) == 1)
        team.release()
    }

    @Test("wakes helpers that went to sleep")
    func wakes() {
        let team = ThreadTeam(helpers: 2)
        let tally = Tally()
        for _ in 0..<50 {
            // Longer than a helper's patience, so that most rounds find them asleep.
            let start = monotonicSeconds()
            while monotonicSeconds() < start + 200e-6 {}
            let context = Unmanaged.passUnretained(tally).toOpaque()
            team.run(parts: 8, UnsafeRawPointer(context)) { context, part in
                let tally = Unmanaged<Tally>.fromOpaque(context).takeUnretainedValue()
                tally.counts[part].value.add(1, ordering: .relaxed)
            }
        }
        #expect(tally.counts[7].value.load(ordering: .relaxed) == 50)
    }
}

/// Work of two parts, of which a helper does one where one is expected, on a clock of its own.
private final class SharedWork: Sendable {
    private let owner = pthread_self()
    private let seconds = Atomic(0.0.bitPattern)
    private let clockReads = Atomic(0)
    private let helperParts = Atomic(0)
    private let expectsHelper = Atomic(false)
    private let delay = Atomic(0.0.bitPattern)

    func now() -> Double {
        clockReads.add(1, ordering: .sequentiallyConsistent)
        return Double(bitPattern: seconds.load(ordering: .sequentiallyConsistent))
    }

    func pass(_ time: Double) {
        let now = Double(bitPattern: seconds.load(ordering: .sequentiallyConsistent))
        seconds.store((now + time).bitPattern, ordering: .sequentiallyConsistent)
    }

    /// Does the work.
    ///
    /// - Parameters:
    ///   - team: whose owner this thread is.
    ///   - delay: what a helper takes for its part; nil: none may come.
    /// - Returns: parts that a helper did.
    func run(_ team: ThreadTeam, delay: Double?) -> Int {
        helperParts.store(0, ordering: .sequentiallyConsistent)
        expectsHelper.store(delay != nil, ordering: .sequentiallyConsistent)
        self.delay.store((delay ?? 0).bitPattern, ordering: .sequentiallyConsistent)
        let context = Unmanaged.passUnretained(self).toOpaque()
        team.run(parts: 2, UnsafeRawPointer(context)) { context, _ in
            Unmanaged<SharedWork>.fromOpaque(context).takeUnretainedValue().part()
        }
        return helperParts.load(ordering: .sequentiallyConsistent)
    }

    private func part() {
        if pthread_equal(pthread_self(), owner) != 0 { return waitForHelper() }
        let reads = clockReads.load(ordering: .sequentiallyConsistent)
        helperParts.add(1, ordering: .sequentiallyConsistent)
        // The owner looks at the clock when it has nothing left but to wait.
        while clockReads.load(ordering: .sequentiallyConsistent) == reads { sched_yield() }
        pass(Double(bitPattern: delay.load(ordering: .sequentiallyConsistent)))
    }

    private func waitForHelper() {
        while expectsHelper.load(ordering: .sequentiallyConsistent),
            helperParts.load(ordering: .sequentiallyConsistent) == 0
        { sched_yield() }
    }
}

@Suite("A lock and a monitor")
struct LockTests {
    @Test("let one thread at a time change a value")
    func exclusion() {
        let value = Lock(0)
        let finished = Monitor(0)
        for _ in 0..<4 {
            let started = WorkerThread.start {
                for _ in 0..<10_000 { value.withLock { $0 += 1 } }
                finished.change { $0 += 1 }
            }
            #expect(started)
        }
        finished.waitLimited { $0 == 4 ? () : nil }
        #expect(value.withLock { $0 } == 40_000)
    }
}
