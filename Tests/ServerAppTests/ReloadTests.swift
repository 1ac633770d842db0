import Dispatch
import Glibc
import ServerApp
import System
import TestSupport
import Testing

@Suite("Loading anew beside what is in use", .timeLimit(.minutes(10)))
struct ReloadTests {
    /// A reloader of numbers whose attempts end when they are told to, and what became of them.
    private final class Attempts: Sendable {
        struct State {
            var begun = 0
            var endings: [Int: Result<Int, Trouble>] = [:]
            var taken: [Int] = []
            var discarded: [Int] = []
            var events: [ReloadEvent] = []
        }

        struct Trouble: Error, CustomStringConvertible {
            let description: String
        }

        let queue = DispatchQueue(label: "test.life")
        let state = Monitor(State())

        func reloader(timeout: Double) -> Reloader<Int> {
            Reloader(
                on: queue, timeout: timeout,
                load: { [state] in
                    let number = state.change { state in
                        state.begun += 1
                        return state.begun
                    }
                    return try state.waitLimited { $0.endings[number] }.get()
                },
                use: .init(
                    take: { [state] number in state.change { $0.taken.append(number) } },
                    discard: { [state] number in state.change { $0.discarded.append(number) } }),
                report: { [state] event in state.change { $0.events.append(event) } })
        }

        func end(_ number: Int, _ result: Result<Int, Trouble>) {
            state.change { $0.endings[number] = result }
        }

        func wait(for isSo: (State) -> Bool) { state.waitLimited { isSo($0) ? () : nil } }
    }

    @Test("What was loaded is taken, and what cannot be loaded is told")
    func outcome() {
        let attempts = Attempts()
        let reloader = attempts.reloader(timeout: 3600)
        attempts.end(1, .success(7))
        attempts.end(2, .failure(.init(description: "no such number")))
        attempts.queue.sync { reloader.request() }
        attempts.wait { $0.events == [.succeeded] }
        attempts.queue.sync { reloader.request() }
        attempts.wait { $0.events == [.succeeded, .failed("no such number")] }
        #expect(attempts.state.withLock { $0.taken } == [7])
        #expect(attempts.queue.sync { !reloader.isBusy })
    }

    @Test("However often it is asked for while one attempt runs, one more follows")
    func oneFollows() {
        let attempts = Attempts()
        let reloader = attempts.reloader(timeout: 3600)
        attempts.queue.sync { reloader.request() }
        attempts.wait { $0.begun == 1 }
        attempts.queue.sync { for _ in 0..<5 { reloader.request() } }
        attempts.end(2, .success(2))
        attempts.end(1, .success(1))
        attempts.wait { $0.taken == [1, 2] }
        attempts.wait { $0.events.count(where: { $0 == .succeeded }) == 2 }
        #expect(attempts.state.withLock { $0.begun } == 2)
        #expect(attempts.queue.sync { !reloader.isBusy })
    }

    @Test("An attempt that hangs is given up, the next one begins, and what comes late is not used")
    func deadline() {
        let attempts = Attempts()
        let reloader = attempts.reloader(timeout: 0.01)
        attempts.queue.sync { reloader.request() }
        attempts.wait { $0.begun == 1 && $0.events.contains(.timedOut(0.01)) }
        #expect(attempts.state.withLock { $0.events } == [.waiting(0.005), .timedOut(0.01)])
        // Each of those that follow may itself be given up, on a slow machine.
        for number in 2...ReloadQueue.mostHanging {
            attempts.end(number, .success(number))
            attempts.queue.sync { reloader.request() }
            attempts.wait { $0.begun == number && $0.events.count { $0.isEnd } == number }
        }
        attempts.end(1, .success(1))
        attempts.wait { $0.events.contains(.late) && $0.discarded.contains(1) }
        #expect(attempts.state.withLock { !$0.taken.contains(1) })
    }

    @Test("Attempts that hang are few, and one that ends makes room")
    func hanging() {
        var queue = ReloadQueue()
        for number in 1...ReloadQueue.mostHanging {
            let answer = queue.request()
            #expect(answer == .begin(number))
            let isGivenUp = [queue.giveUp(number), queue.giveUp(number)]
            #expect(isGivenUp == [true, false])
        }
        let refusal = queue.request()
        #expect(refusal == .refuse)
        let counts = queue.finish(2)
        #expect(!counts)
        let answers = [queue.request(), queue.request()]
        #expect(answers == [.begin(4), .follow])
        let wishes = [queue.takeWish(), queue.finish(4), queue.takeWish(), queue.takeWish()]
        #expect(wishes == [false, true, true, false])
    }

    @Test(
        "A file that is written, replaced, removed, locked or led to elsewhere has changed",
        arguments: ["written", "replaced", "removed", "locked", "led", "..data"])
    func signatures(_ change: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("a".utf8), to: "first")
        try directory.write(Array("a".utf8), to: "second")
        try directory.makeDirectory("data1")
        try directory.makeDirectory("data2")
        try directory.write(Array("a".utf8), to: "data1/key")
        try directory.write(Array("a".utf8), to: "data2/key")
        try directory.makeLink("..data", to: "data1")
        let isVolume = change == "..data"
        try directory.makeLink("link", to: isVolume ? "..data/key" : "first")
        let link = directory.path + "/link"
        let before = FileSignature([link])
        #expect(FileSignature([link]) == before)
        switch change {
        case "written": try directory.write(Array("ab".utf8), to: "first")
        case "replaced": rename(directory.path + "/second", directory.path + "/first")
        case "removed": directory.remove("first")
        case "locked": chmod(directory.path + "/first", 0)
        case "led":
            directory.remove("link")
            try directory.makeLink("link", to: "second")
        default:
            try directory.makeLink("..data_tmp", to: "data2")
            rename(directory.path + "/..data_tmp", directory.path + "/..data")
        }
        #expect(FileSignature([link]) != before)
    }

    @Test("A change is told once, and not before it has come to rest")
    func rest() throws {
        let directory = try TemporaryDirectory()
        func state(_ text: String) throws -> FileSignature {
            try directory.write(Array(text.utf8), to: "file")
            return FileSignature([directory.path + "/file"])
        }
        let first = try state("a")
        var detector = ChangeDetector(first)
        let states = [try state("ab"), try state("abc"), try state("abcd")]
        let looks = states + [states[2], states[2], first, first]
        let found = looks.map { detector.finds($0) }
        #expect(found == [false, false, false, true, false, false, true])
    }
}
