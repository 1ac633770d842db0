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
        var owesAnswer = false
        var isClosed = false
        var broken: [String] = []

        mutating func see(_ action: String) {
            if isClosed { broken.append("\(action) after close") }
            switch action.prefix(6) {
            case "delive", "refuse":
                if owesAnswer { broken.append("\(action) before the last answer") }
                owesAnswer = true
            case "send 2":
                if !owesAnswer { broken.append("an answer to nothing") }
                owesAnswer = false
            case "close": isClosed = true
            default: break
            }
        }
    }

    @Test("One answer per request, nothing after the close, and always a way to go on")
    func invariants() {
        var generator = SeededGenerator(seed: 9110)
        for _ in 0..<2000 {
            var driver = Driver()
            var watch = Watch()
            for _ in 0..<30 {
                for action in step(&driver, &generator) { watch.see(action) }
                let machine = driver.machine
                // Otherwise only the handler is waited for.
                let goesOn = machine.deadline != nil || watch.owesAnswer || watch.isClosed
                if !goesOn { watch.broken.append("stuck") }
            }
            #expect(watch.broken == [])
        }
    }

    private func step(_ driver: inout Driver, _ generator: inout SeededGenerator) -> [String] {
        driver.now += Double(generator.below(12))
        switch generator.below(12) {
        case 0..<5:
            guard driver.machine.wantsInput else { return [] }
            return driver.receive(Self.pieces[generator.below(Self.pieces.count)])
        case 5, 6: return driver.answer()
        case 7, 8: return driver.handle(.flushed)
        case 9: return driver.handle(.progressed)
        case 10: return driver.handle(.timer)
        default:
            return generator.below(4) == 0
                ? driver.handle(generator.below(2) == 0 ? .endOfInput : .shuttingDown) : []
        }
    }
}
