import HTTPWire
import Testing

@Suite("Connection machine with a response in parts")
struct ConnectionMachineStreamTests {
    private let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("Each part is a chunk, an empty one is nothing, and the next request comes after the end")
    func chunks() {
        var driver = Driver()
        _ = driver.receive(get + get)
        #expect(driver.begin("one") == ["send 200"])
        #expect(driver.text.hasSuffix("\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"))
        #expect(!driver.text.contains("Content-Length"))
        #expect(driver.handle(.flushed) == [])
        #expect(driver.write("") == [])
        #expect(driver.write(String(repeating: "x", count: 26)) == ["send part"])
        #expect(driver.text == "1a\r\n" + String(repeating: "x", count: 26) + "\r\n")
        #expect(driver.handle(.ended) == ["send part"])
        #expect(driver.text == "0\r\n\r\n")
        #expect(driver.write("late") == [])
        #expect(driver.handle(.flushed) == ["deliver /a"])
    }

    @Test("HTTP/1.0 gets the parts as they are and the end by the close")
    func oldClient() {
        var driver = Driver()
        _ = driver.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        _ = driver.begin("one")
        #expect(driver.text.contains("\r\nConnection: close\r\n"))
        #expect(!driver.text.contains("Transfer-Encoding"))
        #expect(driver.text.hasSuffix("\r\n\r\none"))
        _ = driver.write("two")
        #expect(driver.text == "two")
        #expect(driver.handle(.ended) == ["send part"])
        #expect(driver.text.isEmpty)
        #expect(driver.handle(.flushed) == ["shutdownWrite"])
    }

    @Test("HEAD gets the head only, and its parts are dropped")
    func head() {
        var driver = Driver()
        _ = driver.receive("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + get)
        _ = driver.begin("one")
        #expect(driver.text.hasSuffix("\r\n\r\n"))
        #expect(driver.handle(.flushed) == [])
        #expect(driver.write("two") == [])
        _ = driver.handle(.ended)
        #expect(driver.text.isEmpty)
        #expect(driver.handle(.flushed) == ["deliver /a"])
    }

    @Test("There is a deadline while output waits, none while the handler is silent")
    func deadlines() {
        var driver = Driver()
        _ = driver.receive(get)
        _ = driver.begin()
        #expect(driver.machine.deadline == 130)
        _ = driver.handle(.flushed)
        #expect(driver.machine.deadline == nil)
        driver.now = 1000
        _ = driver.write("one")
        driver.now = 1010
        _ = driver.write("two")
        #expect(driver.machine.deadline == 1030)
        _ = driver.handle(.blocked(unsent: 5, progress: true))
        #expect(driver.machine.deadline == 1040)
        #expect(driver.expire() == ["close"])
    }

    @Test(
        "A client that does not read is cut when more waits than may, unless the response is whole")
    func backlog() {
        var limits = HTTPLimits()
        limits.unsentStreamBytes = 100
        var driver = Driver(limits: limits)
        _ = driver.receive(get)
        _ = driver.begin()
        #expect(driver.handle(.blocked(unsent: 100, progress: false)) == [])
        #expect(driver.handle(.blocked(unsent: 101, progress: true)) == ["close"])
        var whole = Driver(limits: limits)
        _ = whole.receive(get)
        _ = whole.answer(String(repeating: "x", count: 1000))
        #expect(whole.handle(.blocked(unsent: 900, progress: true)) == [])
    }

    @Test("A stream whose client has gone is cancelled, may end, and is not waited for")
    func gone() {
        var driver = Driver()
        _ = driver.receive(get)
        _ = driver.begin("one")
        _ = driver.handle(.flushed)
        #expect(driver.handle(.endOfInput) == ["cancel"])
        var silent = driver
        #expect(silent.expire() == ["close"])
        #expect(driver.write("two") == ["send part"])
        #expect(driver.handle(.ended) == ["send part"])
        #expect(driver.handle(.flushed) == ["close"])
    }

    @Test("Shutting down lets a stream end, then closes")
    func shuttingDown() {
        var running = Driver()
        _ = running.receive(get)
        _ = running.begin()
        #expect(running.handle(.shuttingDown) == [])
        #expect(running.write("one") == ["send part"])
        _ = running.handle(.ended)
        #expect(running.handle(.flushed) == ["close"])
        var later = Driver()
        _ = later.receive(get)
        _ = later.handle(.shuttingDown)
        _ = later.begin()
        #expect(later.text.contains("\r\nConnection: close\r\n"))
    }
}
