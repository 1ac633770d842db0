import Synchronization
import Testing
import Threads

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
        finished.wait { $0 == 4 ? () : nil }
        #expect(value.withLock { $0 } == 40_000)
    }
}
