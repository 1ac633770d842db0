import Glibc
import System
import TestSupport
import Testing
import TranslationService

/// How requests come, in multiples of what the machine can do.
enum Load: String, CaseIterable, CustomTestStringConvertible {
    case steady
    case rising
    case bursts

    var testDescription: String { rawValue }

    /// The rate at a time, over the capacity.
    func factor(at time: Double, of duration: Double) -> Double {
        switch self {
        case .steady: 10
        case .rising: 0.2 + 9.8 * time / duration
        // Five seconds of quiet, one of storm.
        case .bursts: time.truncatingRemainder(dividingBy: 6) < 1 ? 20 : 0.1
        }
    }

    /// Requests at random times.
    ///
    /// - Parameters:
    ///   - capacity: requests a second that the machine can do.
    ///   - duration: seconds.
    ///   - most: requests at most.
    ///   - random: where the times are drawn from.
    /// - Returns: seconds from the start, ascending.
    func times(
        capacity: Double, duration: Double, most: Int, _ random: inout SplitMix64
    ) -> [Double] {
        var times: [Double] = []
        var time = 0.0
        while times.count < most {
            // Thinning: candidates at the greatest rate, of which a share is taken.
            time -= log1p(-random.uniform()) / (20 * capacity)
            guard time < duration else { break }
            if random.uniform() < factor(at: time, of: duration) / 20 { times.append(time) }
        }
        return times
    }
}

/// What requests are.
enum Mix: String, CaseIterable, CustomTestStringConvertible {
    /// One sentence each.
    case short
    /// Eight sentences and a beam of four, as Benchmarks/reliability/overload.py sends.
    case heavy
    /// Everything from a word to 64 long texts, greedy and with beams, of different patience.
    case mixed

    var testDescription: String { rawValue }

    func request(_ random: inout SplitMix64) -> SimulatedMachine.Arrival {
        switch self {
        case .short: return .init(time: 0, texts: [6 + Int(12 * random.uniform())])
        case .heavy: return .init(time: 0, texts: Array(repeating: 8, count: 8), beam: 4)
        case .mixed:
            let count = random.uniform() < 0.05 ? 32 : 1 + Int(4 * random.uniform())
            let texts = (0..<count).map { _ in 2 + Int(40 * random.uniform() * random.uniform()) }
            let beam = random.uniform() < 0.3 ? 4 : 1
            let timeout = random.uniform() < 0.3 ? 20.0 : 5
            return .init(time: 0, texts: texts, beam: beam, timeout: timeout)
        }
    }
}

@Suite("Requests that are taken are answered in time", .timeLimit(.minutes(10)))
struct AdmissionTests {
    private func arrivals(
        _ machine: SimulatedMachine, _ load: Load, _ mix: Mix, speed: Double, seed: UInt64,
        duration: Double = 40
    ) -> [SimulatedMachine.Arrival] {
        var random = SplitMix64(seed: seed)
        let mean =
            (0..<200).reduce(0) { sum, _ in sum + machine.seconds(of: mix.request(&random)) } / 200
        let times = load.times(
            capacity: speed / mean, duration: min(duration, 1500 * mean / (5 * speed)), most: 1500,
            &random)
        return times.map { time in
            var arrival = mix.request(&random)
            arrival.time = time
            return arrival
        }
    }

    @Test(
        "At any speed at most one in a hundred of the requests taken is late, and the machine stays busy",
        arguments: Load.allCases, Mix.allCases)
    func speeds(load: Load, mix: Mix) {
        for (number, speed) in [0.1, 0.3, 1, 3, 10, 100].enumerated() {
            var machine = SimulatedMachine()
            machine.speed = { _ in speed }
            let requests = arrivals(machine, load, mix, speed: speed, seed: UInt64(number + 1))
            let outcome = machine.run(requests, seed: 7)
            #expect(outcome.expiredShare <= 0.01, "speed \(speed): \(outcome)")
            #expect(outcome.refused > 0 && outcome.longestRetry < 60)
            guard speed >= 1, load != .bursts else { continue }
            let work = requests.reduce(0) { $0 + machine.seconds(of: $1) } / speed
            let span = requests.last?.time ?? 0
            let possible = Double(requests.count) * min(1, span / work)
            #expect(Double(outcome.answered) > 0.7 * possible, "speed \(speed): \(outcome)")
        }
    }

    @Test("A queue that counts requests alone lets many of them run out of time on a slow machine")
    func counting() {
        var machine = SimulatedMachine()
        machine.measures = false
        let requests = arrivals(machine, .steady, .heavy, speed: 1, seed: 1)
        #expect(machine.run(requests, seed: 7).expiredShare > 0.1)
    }

    /// How fast the machine is while a neighbour comes and goes.
    enum Neighbour: String, CaseIterable, CustomTestStringConvertible {
        /// Takes half of the machine for good.
        case stays
        /// Takes half of it for two seconds of every five.
        case returns
        /// Leaves a machine that was slow twice as fast.
        case leaves
        /// Takes more and more, down to a quarter.
        case grows

        var testDescription: String { rawValue }

        func speed(at time: Double) -> Double {
            switch self {
            case .stays: time < 15 ? 1 : 0.5
            case .returns: time.truncatingRemainder(dividingBy: 5) < 3 ? 1 : 0.5
            case .leaves: time < 15 ? 0.5 : 1
            case .grows: max(0.25, 1 - time / 30)
            }
        }
    }

    @Test(
        "A neighbour that takes half of the machine makes no more of them late",
        arguments: Neighbour.allCases, Mix.allCases)
    func neighbours(neighbour: Neighbour, mix: Mix) {
        for (number, load) in Load.allCases.enumerated() {
            var machine = SimulatedMachine()
            // So few fit into the queue otherwise that all deadlines are far.
            machine.queuedRequests = 100_000
            machine.cost = .init(base: 0.008, row: 0.0008, token: 0.0001)
            machine.speed = { neighbour.speed(at: $0) }
            let requests = arrivals(
                machine, load, mix, speed: 1, seed: UInt64(number + 1), duration: 30)
            let outcome = machine.run(requests, seed: 7)
            #expect(outcome.expiredShare <= 0.01, "\(load): \(outcome)")
            #expect(outcome.answered > 20)
        }
    }

    @Test("A machine that is ten times slower all at once recovers, and goes on answering in time")
    func collapse() {
        var machine = SimulatedMachine()
        machine.cost = .init(base: 0.02, row: 0.002, token: 0.0002)
        machine.queuedRequests = 100_000
        machine.speed = { $0 < 10 ? 1 : 0.1 }
        var requests = arrivals(machine, .steady, .short, speed: 0.05, seed: 3, duration: 40)
        for index in requests.indices { requests[index].timeout = 20 }
        let all = machine.run(requests, seed: 7)
        let before = machine.run(requests.filter { $0.time < 16 }, seed: 7)
        // What was taken before is late in part; nothing is that comes after.
        #expect(all.expired <= before.expired + all.answered / 100)
        #expect(all.answered > before.answered)
    }

    @Test("A request is taken where nothing is under way, however slow the machine was last")
    func idle() {
        var machine = SimulatedMachine()
        machine.speed = { $0 < 1 ? 0.0001 : 1 }
        let first = SimulatedMachine.Arrival(time: 0, texts: [4], timeout: .infinity)
        var rest = (0..<20).map { SimulatedMachine.Arrival(time: 10_000 + Double($0), texts: [8]) }
        rest.insert(first, at: 0)
        let outcome = machine.run(rest, seed: 1)
        #expect(outcome.answered == 21 && outcome.refused == 0)
    }

    @Test("Retry-After is the time after which the same request is taken, where nobody else comes")
    func retry() throws {
        var backlog = Backlog(workers: 1, places: 32)
        for _ in 0..<200 { backlog.observe(seconds: 0.1, rows: 32, encoded: 32) }
        let own = backlog.estimate(sourceTokens: 8, beam: 1, lengths: 1...26)
        var id = 0
        var refused: Double?
        while refused == nil {
            id += 1
            refused = backlog.admit(id, own.work, steps: own.steps, deadline: 5, at: 0)
        }
        let seconds = try #require(refused)
        var now = 0.0
        var next = 1
        // Work is done as fast as it is thought to be, one request after the other.
        while backlog.admit(id, own.work, steps: own.steps, deadline: now + 5, at: now) != nil {
            let before = backlog.seconds
            backlog.start(next, deadline: 5, own.work)
            backlog.forget(next, deadline: 5, Workload())
            backlog.finish(own.work)
            now += before - backlog.seconds
            next += 1
        }
        #expect(abs(now - seconds) < 0.2, "\(now) for \(seconds)")
    }

    @Test("What several models do in turn is taken only where there is time for all of them")
    func hops() {
        var backlog = Backlog(workers: 1, places: 1)
        for _ in 0..<200 { backlog.observe(seconds: 0.1, rows: 1, encoded: 1) }
        let own = backlog.estimate(sourceTokens: 8, beam: 1, lengths: 10...10)
        // Something runs, or everything is taken.
        #expect(backlog.admit(1, own.work, steps: own.steps, deadline: .infinity, at: 0) == nil)
        func isTaken(_ id: Int, hops: Int) -> Bool {
            var backlog = backlog
            return backlog.admit(
                id, own.work, steps: own.steps, hops: hops, deadline: 8, at: 0) == nil
        }
        #expect(isTaken(2, hops: 1))
        #expect(!isTaken(3, hops: 3))
    }

    @Test(
        "What has less time goes first where turns would make it late, and a hopeless one does not")
    func urgency() throws {
        var backlog = Backlog(workers: 1, places: 4)
        for _ in 0..<200 { backlog.observe(seconds: 1, rows: 4, encoded: 1) }
        let own = backlog.estimate(sourceTokens: 4, beam: 1, lengths: 4...4)
        for (id, deadline) in [(1, 1000.0), (2, 12.0), (3, 1.0), (4, Double.infinity)] {
            _ = backlog.admit(id, own.work, steps: own.steps, deadline: deadline, at: -100)
            backlog.revise(id, deadline: deadline, from: own.work, to: own.work, steps: own.steps)
        }
        #expect(backlog.urgent(at: -100) == nil)
        #expect(backlog.urgent(at: 6) == 2)
        #expect(backlog.urgent(at: 11) == nil)
    }
}
