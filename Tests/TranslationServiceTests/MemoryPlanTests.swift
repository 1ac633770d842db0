import TestSupport
import Testing
import TranslationService

@Suite("Which networks are in memory")
struct MemoryPlanTests {
    /// A plan with networks of these sizes on disk, the first with number 0.
    private func plan(limit: Int?, _ sizes: [Int], pinned: Set<Int> = []) -> MemoryPlan {
        var plan = MemoryPlan(limit: limit)
        for (key, bytes) in sizes.enumerated() {
            plan.add(key, bytes: bytes, isPinned: pinned.contains(key), isPresent: false)
        }
        return plan
    }

    private func expectSteps(_ steps: [MemoryPlan.Step], _ plan: inout MemoryPlan) {
        let found = plan.steps()
        #expect(found == steps)
    }

    private func expectUse(_ key: Int, _ plan: inout MemoryPlan, at now: Double) {
        let isPresent = plan.use(key, at: now)
        #expect(isPresent)
    }

    private func expectWait(_ key: Int, _ plan: inout MemoryPlan, at now: Double) {
        let isPresent = plan.use(key, at: now)
        #expect(!isPresent)
    }

    /// Loads a network that nobody uses afterwards.
    private func load(_ key: Int, _ bytes: Int, _ plan: inout MemoryPlan, at now: Double) {
        expectWait(key, &plan, at: now)
        expectSteps([.load(key)], &plan)
        plan.loaded(key, bytes: bytes, uses: 0, at: now)
        expectSteps([], &plan)
    }

    @Test("Networks are loaded one at a time, in the order in which they were first wanted")
    func order() {
        var plan = plan(limit: nil, [10, 10, 10])
        for key in [2, 0, 2, 1] { expectWait(key, &plan, at: 0) }
        expectSteps([.load(2)], &plan)
        expectSteps([], &plan)
        plan.loaded(2, bytes: 10, uses: 2, at: 0)
        expectSteps([.load(0)], &plan)
        plan.failed(0)
        expectSteps([.load(1)], &plan)
        #expect(plan.used == 20)
    }

    @Test(
        "Where there is no room, the one that was used the longest ago leaves, and no more than have to"
    )
    func leastRecentlyUsed() {
        var plan = plan(limit: 30, [10, 10, 10, 10])
        for key in 0..<3 { load(key, 10, &plan, at: Double(key)) }
        expectUse(0, &plan, at: 3)
        plan.release(0, at: 4)
        expectWait(3, &plan, at: 5)
        expectSteps([.drop(1)], &plan)
        // Nothing is read before the memory has been given back.
        expectSteps([], &plan)
        #expect(plan.used == 30)
        plan.freed(bytes: 10)
        expectSteps([.load(3)], &plan)
        #expect(plan.isPresent(0) && plan.isPresent(2) && !plan.isPresent(1))
    }

    @Test(
        "One that is in use takes nothing new where another needs its room, and leaves when it is at rest"
    )
    func busyOnesLeave() {
        var plan = plan(limit: 10, [10, 10])
        load(0, 10, &plan, at: 0)
        expectUse(0, &plan, at: 1)
        expectWait(1, &plan, at: 2)
        expectSteps([], &plan)
        // A request for the one that leaves waits until it is its turn again.
        expectWait(0, &plan, at: 3)
        expectSteps([], &plan)
        plan.release(0, at: 4)
        expectSteps([.drop(0)], &plan)
        plan.freed(bytes: 10)
        expectSteps([.load(1)], &plan)
        plan.loaded(1, bytes: 10, uses: 1, at: 5)
        expectSteps([], &plan)
        plan.release(1, at: 6)
        expectSteps([.drop(1)], &plan)
        plan.freed(bytes: 10)
        expectSteps([.load(0)], &plan)
    }

    @Test(
        "What is pinned stays, and what cannot fit beside it is refused while nothing leaves in vain"
    )
    func pinned() {
        var plan = plan(limit: 30, [20, 10, 15], pinned: [0])
        load(0, 20, &plan, at: 0)
        load(1, 10, &plan, at: 1)
        expectWait(2, &plan, at: 2)
        expectSteps([.refuse(2)], &plan)
        #expect(plan.isPresent(0) && plan.isPresent(1))
        plan.unload(1)
        expectSteps([.drop(1)], &plan)
        plan.freed(bytes: 10)
        #expect(plan.used == 20)
    }

    @Test("What is retired serves who waits for it, then it is forgotten")
    func retired() {
        var plan = plan(limit: 10, [10, 10])
        expectWait(0, &plan, at: 0)
        plan.retire(0)
        plan.retire(1)
        #expect(!plan.isKnown(1))
        expectSteps([.load(0)], &plan)
        plan.loaded(0, bytes: 12, uses: 1, at: 1)
        #expect(plan.used == 12)
        expectSteps([], &plan)
        plan.release(0, at: 2)
        expectSteps([.drop(0)], &plan)
        #expect(!plan.isKnown(0))
        plan.freed(bytes: 12)
        #expect(plan.used == 0)
    }

    @Test(
        "Whatever is used in whatever order, the bound holds and everybody who waits is served",
        arguments: 0..<40)
    func anyOrder(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let sizes = (0..<6).map { _ in Int.random(in: 1...10, using: &generator) }
        let limit = sizes.max()! + Int.random(in: 0...20, using: &generator)
        var plan = plan(limit: limit, sizes)
        var waiting = [Int](repeating: 0, count: sizes.count)
        var using = [Int](repeating: 0, count: sizes.count)
        var loading: Int?
        var dropped: [Int] = []
        var served = 0
        let wanted = 2000
        var asked = 0
        for step in 0..<60_000 {
            let now = Double(step)
            for step in plan.steps() {
                switch step {
                case .load(let key):
                    #expect(loading == nil)
                    loading = key
                case .drop(let key):
                    #expect(using[key] == 0)
                    dropped.append(key)
                case .refuse: Issue.record("all fit")
                }
            }
            #expect(plan.used <= limit)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where asked < wanted:
                asked += 1
                let key = Int.random(in: sizes.indices, using: &generator)
                if plan.use(key, at: now) { using[key] += 1 } else { waiting[key] += 1 }
            case 1, 2:
                let busy = using.indices.filter { using[$0] > 0 }
                guard let key = busy.randomElement(using: &generator) else { continue }
                using[key] -= 1
                served += 1
                plan.release(key, at: now)
            case 3:
                guard let key = loading else { continue }
                plan.loaded(key, bytes: sizes[key], uses: waiting[key], at: now)
                using[key] += waiting[key]
                waiting[key] = 0
                loading = nil
            default:
                guard let key = dropped.popLast() else { continue }
                plan.freed(bytes: sizes[key])
            }
        }
        #expect(served == wanted)
    }
}
