import Glibc
import TestSupport
import Testing

@Suite("What a server process writes about hostile requests", .timeLimit(.minutes(10)))
struct ProcessSecrecyTests {
    @Test("Neither log lines nor metrics hold anything that a client wrote")
    func logsAndMetrics() throws {
        let secret = "Geheimer-Befund"
        let server = try ServerRun(["--log-access", "true", "--log-level", "debug"])
        #expect(server.waitForLog("is ready"))
        let json = "\r\nContent-Type: application/json"
        let attempts = [
            ("POST /translate HTTP/1.1\(json)", #"{"text":"\#(secret)","\#(secret)":1}"#),
            ("POST /translate HTTP/1.1\(json)", #"{"\#(secret)":1,"\#(secret)":2}"#),
            ("POST /translate HTTP/1.1\(json)", #"{"text":"\#(secret)"}"#),
            ("POST /translate HTTP/1.1\r\nContent-Type: text/\(secret)", "{}"),
            ("GET /\(secret)?\(secret) HTTP/1.1", ""), ("\(secret) / HTTP/1.1", ""),
            ("GET /models/\(secret) HTTP/1.1", ""), ("GET / \(secret) HTTP/1.1", ""),
            ("POST /translate HTTP/1.1\r\n\(secret) : x", ""),
            ("POST /translate HTTP/1.1\r\nExpect: \(secret)", ""),
            ("POST /translate HTTP/1.1\r\nTransfer-Encoding: \(secret)", ""),
            ("GET /livez HTTP/1.1\r\nX-Request-Id: \(secret)!\r\ntraceparent: \(secret)", ""),
        ]
        for (head, body) in attempts {
            let answer = try server.ask(head, body: body)
            if answer.status != 200 { #expect(!answer.text.contains(secret), "\(head)") }
        }
        #expect(try !server.ask("GET /metrics HTTP/1.1").text.contains(secret))
        server.send(SIGTERM)
        #expect(server.end() == 0)
        #expect(server.log.contains { $0.contains("request_id") })
        #expect(!server.log.contains { $0.contains(secret) })
    }
}
