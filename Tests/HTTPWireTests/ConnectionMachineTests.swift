import HTTPTypes
import HTTPWire
import Testing

/// A machine with a clock that the test moves; actions become short words.
struct Driver {
    var machine: ConnectionMachine
    var now = 100.0
    var sent: [UInt8] = []

    init(limits: HTTPLimits = HTTPLimits()) {
        machine = ConnectionMachine(limits: limits, timeouts: HTTPTimeouts(), now: now)
    }

    mutating func receive(_ text: String) -> [String] { handle(.received(Array(text.utf8)[...])) }

    mutating func answer(_ body: String = "ok") -> [String] {
        handle(.answered(ServerResponse(status: 200, body: Array(body.utf8)), date: "D"))
    }

    mutating func begin(_ part: String = "") -> [String] {
        handle(.began(ServerResponse(status: 200, body: Array(part.utf8)), date: "D"))
    }

    mutating func write(_ part: String) -> [String] { handle(.wrote(Array(part.utf8))) }

    mutating func handle(_ event: ConnectionMachine.Event) -> [String] {
        machine.handle(event, now: now).map { action in
            switch action {
            case .send(let bytes):
                sent = bytes
                let isHead = bytes.starts(with: "HTTP/".utf8)
                return isHead ? "send " + text.dropFirst(9).prefix(3) : "send part"
            case .deliver(let request): return "deliver \(request.path)"
            case .cancel: return "cancel"
            case .refuse(let failure, _): return "refuse \(failure.status)"
            case .shutdownWrite: return "shutdownWrite"
            case .close: return "close"
            }
        }
    }

    /// Moves the clock to the deadline and reports it.
    mutating func expire() -> [String] {
        now = machine.deadline ?? now
        return handle(.timer)
    }

    var text: String { String(decoding: sent, as: UTF8.self) }
}

@Suite("Connection machine")
struct ConnectionMachineTests {
    private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    private let post = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"

    @Test("Pipelined requests are delivered one at a time")
    func pipelining() {
        var driver = Driver()
        #expect(driver.receive(get + "GET /b HTTP/1.1\r\nHost: x\r\n\r\n") == ["deliver /a"])
        #expect(driver.receive("GET /c HTTP/1.1\r\n") == [])
        #expect(driver.answer() == ["send 200"])
        #expect(driver.handle(.flushed) == ["deliver /b"])
        #expect(driver.answer() == ["send 200"])
        #expect(driver.handle(.flushed) == [])
        #expect(driver.receive("Host: x\r\n\r\n") == ["deliver /c"])
    }

    @Test("Input is refused while a request is served and 64 KiB wait")
    func backPressure() {
        var driver = Driver()
        _ = driver.receive(get)
        #expect(driver.machine.wantsInput)
        _ = driver.receive(String(repeating: "x", count: ConnectionMachine.bufferedBytes))
        #expect(!driver.machine.wantsInput)
    }

    @Test("Connection: close is honoured, and the input is dropped for a while before the close")
    func closing() {
        var driver = Driver()
        _ = driver.receive("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(driver.answer() == ["send 200"])
        #expect(driver.text.contains("\r\nConnection: close\r\n"))
        #expect(driver.handle(.flushed) == ["shutdownWrite"])
        #expect(driver.receive(get) == [])
        #expect(driver.handle(.endOfInput) == ["close"])
    }

    @Test("After an early error at most 64 KiB more are read, and not longer than the linger time")
    func lingering() {
        for isFlood in [true, false] {
            var driver = Driver()
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n"
            #expect(driver.receive(head) == ["refuse 413"])
            #expect(driver.answer() == ["send 200"])
            #expect(driver.handle(.flushed) == ["shutdownWrite"])
            #expect(driver.receive(String(repeating: "x", count: 65_000)) == [])
            if isFlood {
                #expect(driver.receive(String(repeating: "x", count: 1000)) == ["close"])
            } else {
                #expect(driver.expire() == ["close"])
                #expect(driver.now == 102)
            }
        }
    }

    @Test("100 Continue is sent before the body unless some of it has come")
    func expectation() {
        var driver = Driver()
        #expect(driver.receive(post + "Expect: 100-continue\r\n\r\n") == ["send 100"])
        #expect(driver.handle(.flushed) == [])
        #expect(driver.receive("hello") == ["deliver /p"])
        var eager = Driver()
        #expect(eager.receive(post + "Expect: 100-continue\r\n\r\nhello") == ["deliver /p"])
    }

    @Test("The end of the input cancels what is served, and what is answered still goes out")
    func halfClose() {
        var driver = Driver()
        #expect(driver.receive(get + get) == ["deliver /a"])
        #expect(driver.handle(.endOfInput) == ["cancel"])
        #expect(!driver.machine.wantsInput)
        #expect(driver.answer() == ["send 200"])
        #expect(!driver.text.contains("Connection: close"))
        #expect(driver.handle(.flushed) == ["deliver /a", "cancel"])
        #expect(driver.answer() == ["send 200"])
        #expect(driver.text.contains("\r\nConnection: close\r\n"))
        #expect(driver.handle(.flushed) == ["close"])
    }

    @Test("A client that has gone is not kept for an answer that does not come")
    func goneForEver() {
        var driver = Driver()
        _ = driver.receive(get)
        _ = driver.handle(.endOfInput)
        #expect(driver.machine.deadline == 102)
        #expect(driver.expire() == ["close"])
    }

    @Test("The end of the input within a request is answered with 400")
    func truncation() {
        var driver = Driver()
        _ = driver.receive("GET / HT")
        #expect(driver.handle(.endOfInput) == ["refuse 400"])
    }

    @Test("An idle connection closes silently, a slow head is answered with 408")
    func slowHead() {
        var driver = Driver()
        #expect(driver.machine.deadline == 175)
        driver.now = 174
        #expect(driver.handle(.timer) == [])
        #expect(driver.receive("G") == [])
        #expect(driver.machine.deadline == 184)
        driver.now = 183
        #expect(driver.receive("ET / HTTP/1.1\r\n") == [])
        #expect(driver.machine.deadline == 184)
        #expect(driver.expire() == ["refuse 408"])
        var idle = Driver()
        #expect(idle.expire() == ["close"])
    }

    @Test("A body is granted one second for each 1024 bytes beyond its 30")
    func slowBody() {
        var driver = Driver()
        _ = driver.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n")
        #expect(driver.machine.deadline == 130)
        driver.now = 129
        #expect(driver.receive(String(repeating: "x", count: 2048)) == [])
        #expect(driver.machine.deadline == 132)
        #expect(driver.expire() == ["refuse 408"])
    }

    @Test("A served request has no deadline, a response that does not move has one")
    func slowReader() {
        var driver = Driver()
        _ = driver.receive(get)
        #expect(driver.machine.deadline == nil)
        _ = driver.answer()
        driver.now = 120
        _ = driver.handle(.blocked(unsent: 5, progress: false))
        #expect(driver.machine.deadline == 130)
        _ = driver.handle(.blocked(unsent: 5, progress: true))
        #expect(driver.machine.deadline == 150)
        #expect(driver.expire() == ["close"])
    }

    @Test("Shutting down closes an idle connection after a last chance and marks the next answer")
    func shuttingDown() {
        var idle = Driver()
        #expect(idle.handle(.shuttingDown) == [])
        #expect(idle.machine.deadline == idle.now + 1)
        #expect(idle.expire() == ["close"])
        var driver = Driver()
        _ = driver.receive("GET /a HT")
        #expect(driver.handle(.shuttingDown) == [])
        #expect(driver.receive("TP/1.1\r\nHost: x\r\n\r\n") == ["deliver /a"])
        #expect(driver.answer() == ["send 200"])
        #expect(driver.text.contains("\r\nConnection: close\r\n"))
        #expect(driver.handle(.flushed) == ["shutdownWrite"])
    }

    @Test("An HTTP/1.0 client that asks for it is told that the connection persists")
    func oldClient() {
        var driver = Driver()
        _ = driver.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        _ = driver.answer()
        #expect(driver.text.contains("\r\nConnection: keep-alive\r\n"))
        #expect(driver.handle(.flushed) == [])
    }

    @Test(
        "A HEAD request that is refused gets no body",
        arguments: [
            ("HEAD / HTTP/1.1\r\n\r\n", false), ("GET / HTTP/1.1\r\n\r\n", true),
            ("HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", false),
            ("HEAD / HTTP/3.0\r\n", true),
        ])
    func refusedHead(request: String, hasBody: Bool) {
        var driver = Driver()
        #expect(driver.receive(request).first?.hasPrefix("refuse") == true)
        #expect(driver.answer("why") == ["send 200"])
        #expect(driver.text.hasSuffix("\r\n\r\n" + (hasBody ? "why" : "")))
    }

    @Test("Idle connections are spared first, then heads, then bodies, never requests")
    func expendability() throws {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"
        var drivers = [Driver](repeating: Driver(), count: 5)
        drivers[1].now = 101
        #expect(drivers[1].receive(get) == ["deliver /a"])
        #expect(drivers[1].machine.expendability == nil)
        _ = drivers[1].answer()
        _ = drivers[1].handle(.flushed)
        _ = drivers[2].receive("GET ")
        _ = drivers[3].receive(head)
        _ = drivers[4].receive(head + String(repeating: "x", count: 2048))
        let order = try drivers.map { try #require($0.machine.expendability) }
        #expect(order == order.sorted())
    }
}
