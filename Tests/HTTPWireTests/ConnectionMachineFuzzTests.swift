import HTTPWire
import TestSupport
import Testing

@Suite("Connection machine under random events")
struct ConnectionMachineFuzzTests {
    private static let pieces = [
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n",
        "abc", "GET / HT", "TP/1.1\r\n", "\r\n", "Connection: close\r\n", "\u{0}",
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        "3\r\nabc\r\n", "0\r\n\r\n", String(repeating: "x", count: 70_000),
    ]

    /// What a server must be able to rely on, whatever happens in whatever order.
    private struct Watch {
        private enum Debt {
            case none
            case answer
            case end
        }

        private var debt = Debt.none
        private var isClosed = false
        private(set) var broken: [String] = []

        mutating func see(_ action: String) {
            if isClosed { broken.append("\(action) after close") }
            switch action.prefix(6) {
            case "delive", "refuse":
                if debt != .none { broken.append("\(action) before the last answer") }
                debt = .answer
            case "cancel":
                if debt == .none { broken.append("nothing to cancel") }
            case "send 2":
                if debt != .answer { broken.append("an answer to nothing") }
                debt = .none
            case "send p":
                if debt == .answer { broken.append("a part before its head") }
            case "close": isClosed = true
            default: break
            }
        }

        /// The answer that was just seen is the head of one in parts.
        mutating func expectEnd() { debt = .end }

        mutating func seeEnd() { debt = .none }

        /// Without a deadline only the handler is waited for.
        mutating func check(_ machine: ConnectionMachine) {
            let goesOn = machine.deadline != nil || debt != .none || isClosed
            if !goesOn { broken.append("stuck") }
        }
    }

    @Test("One answer per request, nothing after the close, and always a way to go on")
    func invariants() {
        var generator = SeededGenerator(seed: 9110)
        for _ in 0..<2000 {
            var driver = Driver()
            var watch = Watch()
            for _ in 0..<30 {
                if generator.below(2) == 0 {
                    for action in react(&driver, &generator) { watch.see(action) }
                } else {
                    give(&driver, &watch, &generator)
                }
                watch.check(driver.machine)
            }
            #expect(watch.broken == [])
        }
    }

    /// What the client or the clock does.
    private func react(_ driver: inout Driver, _ generator: inout SeededGenerator) -> [String] {
        driver.now += Double(generator.below(12))
        switch generator.below(10) {
        case 0..<5:
            guard driver.machine.wantsInput else { return [] }
            return driver.receive(Self.pieces[generator.below(Self.pieces.count)])
        case 5, 6: return driver.handle(.flushed)
        case 7:
            let unsent = 1 << generator.below(22)
            return driver.handle(.blocked(unsent: unsent, progress: generator.below(2) == 0))
        case 8: return driver.handle(.timer)
        default:
            return generator.below(4) == 0
                ? driver.handle(generator.below(2) == 0 ? .endOfInput : .shuttingDown) : []
        }
    }

    /// What the handler does, in whatever order.
    private func give(
        _ driver: inout Driver, _ watch: inout Watch, _ generator: inout SeededGenerator
    ) {
        switch generator.below(4) {
        case 0: for action in driver.answer() { watch.see(action) }
        case 1:
            let actions = driver.begin("part")
            for action in actions { watch.see(action) }
            if !actions.isEmpty { watch.expectEnd() }
        case 2: for action in driver.write("part") { watch.see(action) }
        default:
            let actions = driver.handle(.ended)
            for action in actions { watch.see(action) }
            if !actions.isEmpty { watch.seeEnd() }
        }
    }
}
