import TestSupport
import Testing
import TranslationService

@Suite("How shallow answers are because of load")
struct DepthLevelsTests {
    /// A machine with a queue: at level n it does a request in 10 ms less 15 % for each level.
    private struct Machine {
        var levels = DepthLevels(highest: 3)
        var now = 0.0
        /// Seconds of work that wait.
        var backlog = 0.0
        var taken = 0
        var refused = 0
        var highest = 0
        var changes = 0

        /// Requests come for so many seconds at a rate by the time, each with a deadline.
        mutating func run(seconds: Double, deadline: Double, rate: (Double) -> Double) {
            let start = now
            var credit = 0.0
            while now - start < seconds {
                now += 0.001
                backlog = max(0, backlog - 0.001)
                credit += rate(now - start) * 0.001
                while credit >= 1 {
                    credit -= 1
                    let before = levels.level
                    let level = levels.observe(waiting: backlog, allowed: deadline, at: now)
                    changes += level == before ? 0 : 1
                    highest = max(highest, level)
                    guard backlog < deadline * 0.4 else {
                        refused += 1
                        continue
                    }
                    taken += 1
                    backlog += 0.01 * (1 - 0.15 * Double(level))
                }
            }
        }
    }

    @Test("Without load the level stays 0, whatever comes now and then")
    func calm() {
        var machine = Machine()
        machine.run(seconds: 20, deadline: 2) { _ in 60 }
        #expect(machine.highest == 0)
        #expect(machine.refused == 0)
    }

    @Test(
        "Under a step, a ramp and a sawtooth of load more is answered than at full depth, and the level is 0 again soon after",
        arguments: ["step", "ramp", "sawtooth"])
    func shapes(shape: String) {
        func rate(_ time: Double) -> Double {
            switch shape {
            case "step": 300
            case "ramp": 10 * time
            default: time.truncatingRemainder(dividingBy: 10) * 40
            }
        }
        var machine = Machine()
        machine.run(seconds: 30, deadline: 2, rate: rate)
        var full = Machine()
        full.levels = DepthLevels(highest: 0)
        full.run(seconds: 30, deadline: 2, rate: rate)
        #expect(machine.highest == 3)
        #expect(Double(machine.taken) > 1.2 * Double(full.taken))
        #expect(machine.refused < full.refused)
        machine.run(seconds: 10, deadline: 2) { _ in 20 }
        #expect(machine.levels.level == 0)
    }

    @Test("A constant load that a level can carry does not make it swing without end")
    func hysteresis() {
        var machine = Machine()
        machine.run(seconds: 60, deadline: 2) { _ in 115 }
        #expect(machine.refused == 0)
        #expect(machine.changes < 80)
    }

    @Test("It rises by one at a time, never above the highest, and falls without requests, too")
    func bounds() {
        var levels = DepthLevels(highest: 2)
        var now = 0.0
        var last = 0
        for _ in 0..<100 {
            now += 0.05
            let level = levels.observe(waiting: 10, allowed: 1, at: now)
            #expect(level - last <= 1)
            last = level
        }
        #expect(last == 2)
        levels.change(highest: 1)
        #expect(levels.level == 1)
        // What waits takes ten seconds more, and may grow again until then.
        #expect(levels.level(at: now + 9) == 1)
        #expect(levels.level(at: now + 12) == 0)
        #expect(levels.observe(waiting: 0, allowed: 1, at: now + 3600) == 0)
    }

    @Test(
        "To look at the level does not change it, and whoever has no time says nothing of the load")
    func looking() {
        var levels = DepthLevels(highest: 3)
        for step in 0..<40 {
            _ = levels.observe(waiting: 0.1, allowed: 0.05, at: Double(step))
        }
        #expect(levels.level == 0)
        _ = levels.observe(waiting: 1, allowed: 1, at: 100)
        #expect(levels.level(at: 1000) == 0)
        #expect(levels.level == 1)
    }

    @Test("Whatever it is told, the level is between 0 and the highest", arguments: 0..<20)
    func anything(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var levels = DepthLevels(highest: 4)
        let values = [0, 1e-9, 0.1, 0.5, 1, 100, .infinity, -1, .nan]
        var now = 0.0
        for _ in 0..<2000 {
            now += Double.random(in: 0...2, using: &generator)
            let level = levels.observe(
                waiting: values.randomElement(using: &generator)!,
                allowed: values.randomElement(using: &generator)!, at: now)
            #expect((0...4).contains(level))
        }
    }
}
