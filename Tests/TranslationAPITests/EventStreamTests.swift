import Decoding
import HTTPTypes
import HTTPWire
import JSON
import System
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

/// One server-sent event.
private struct Event {
    let name: String
    let data: JSONObject

    /// The events of a body, comments left out.
    static func all(_ body: String) throws -> [Event] {
        try body.split(separator: "\n\n").filter { $0 != ":" }.map { block in
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
            try #require(lines.count == 2)
            let data = try JSON.parse(Array(lines[1].dropFirst(6).utf8))
            return Event(
                name: String(lines[0].dropFirst(7)), data: try #require(data.objectValue))
        }
    }
}

/// The members of an object but for some.
private func members(_ object: JSONObject, without names: Set<String>) -> JSONObject {
    JSONObject(object.members.filter { !names.contains($0.name) })
}

@Suite("Answers in parts")
struct EventStreamTests {
    private static let body = #""text":["Zwei Hunde spielen im Schnee.","Ein Mann."]"#

    @Test(
        "The tokens' texts in a row are the sentences, and the end is the plain answer without tokens"
    )
    func agreesWithPlainAnswer() throws {
        let server = try TestServer()
        let fields = "X-Request-Id: same\r\n"
        let plain = try json(
            server.translate("{\(Self.body),\"include\":[\"scores\"]}", fields: fields))
        let streamed = try server.translate(
            "{\(Self.body),\"include\":[\"scores\"],\"stream\":true}", fields: fields)
        #expect(streamed.status == 200)
        #expect(streamed["content-type"] == "text/event-stream; charset=utf-8")
        #expect(streamed["cache-control"] == "no-store")
        let events = try Event.all(streamed.text)
        #expect(events.first?.name == "start")
        #expect(events.first?.data["id"]?.stringValue == "same")
        #expect(events.last?.name == "done")
        #expect(events.last?.data == plain)
        for (index, translation) in try #require(plain["translations"]?.arrayValue).enumerated() {
            let own = events.filter { $0.data["index"]?.integerValue == Int64(index) }
            let tokens = own.filter { $0.name == "token" }
            let text = tokens.compactMap { $0.data["text"]?.stringValue }.joined()
            #expect(text == translation.objectValue?["text"]?.stringValue)
            let positions = tokens.compactMap { $0.data["position"]?.integerValue }
            #expect(positions == Array(0..<Int64(tokens.count)))
            #expect(
                tokens.compactMap { $0.data["exit_layer"] }
                    == translation.objectValue?["exit_layers"]?.arrayValue)
            #expect(own.last?.name == "sentence")
            #expect(own.last?.data["compute"] == translation.objectValue?["compute"])
        }
        server.close()
    }

    @Test("A beam, whose hypotheses may yet be dropped, gives sentences alone")
    func beam() throws {
        let server = try TestServer()
        let answer = try server.translate("{\(Self.body),\"beam_size\":2,\"stream\":true}")
        let names = try Event.all(answer.text).map(\.name)
        #expect(names == ["start", "sentence", "sentence", "done"])
        server.close()
    }

    @Test(
        "The body decides between an object and events, else the weights of Accept do",
        arguments: [
            ("", "", "application/json"), ("", "*/*", "application/json"),
            ("", "text/event-stream", "text/event-stream"),
            ("", "application/json, text/event-stream", "application/json"),
            ("", "application/json;q=0.5, text/event-stream", "text/event-stream"),
            ("", "text/*, */*;q=0.1", "text/event-stream"),
            ("", "Text/Event-Stream;q=0.9, application/json;q=0.95", "application/json"),
            (",\"stream\":true", "", "text/event-stream"),
            (",\"stream\":true", "application/json", "text/event-stream"),
            (",\"stream\":false", "application/json;q=0.1, text/event-stream", "application/json"),
            (",\"stream\":false", "text/event-stream", "application/problem+json"),
            ("", "application/json;q=0, text/html", "application/problem+json"),
            ("", "application/json;q=0, */*", "text/event-stream"),
            ("", "application/json;q=2, text/html", "application/json"),
        ])
    func negotiation(_ entry: (member: String, accept: String, type: String)) throws {
        let server = try TestServer()
        let answer = try server.translate(
            "{\"text\":\"Ein Mann.\"\(entry.member)}", fields: "Accept: \(entry.accept)\r\n")
        let type = answer["content-type"]
        #expect(type?.prefix { $0 != ";" } == entry.type[...])
        server.close()
    }

    @Test(
        "What is refused before the first event keeps its status",
        arguments: [
            (
                "{\"text\":\"\(String(repeating: "Hund ", count: 300))\",\"format\":\"sentence\",\"stream\":true}",
                30.0,
                256, 422
            ),
            (#"{"text":"Ein Hund.","stream":true}"#, 0, 256, 504),
            (#"{"text":"Ein Hund.","stream":true}"#, 30, 0, 503),
            (#"{"text":"Ein Hund.","stream":1}"#, 30, 256, 400),
        ])
    func refusals(_ entry: (body: String, timeout: Double, queue: Int, status: Int)) throws {
        let server = try TestServer(queue: entry.queue) { $0.limits.timeout = entry.timeout }
        let answer = try server.translate(entry.body)
        #expect(answer.status == entry.status)
        #expect(answer["content-type"] == "application/problem+json")
        server.close()
    }
}

/// A service whose only worker is held up by whoever is told of the progress of its first request, so that
/// the second waits.
private struct HeldUpService {
    let clock = TestClock()
    let registry = MetricRegistry()
    let api: TranslationAPI
    /// Whether the worker has come to the first request's progress, and whether it may go on.
    private let first = Monitor((hasCome: false, mayGo: false))
    let waiting = Recorder()

    init() throws {
        var settings = TranslationAPI.Settings()
        settings.clock = clock.api
        api = TranslationAPI(settings: settings, registry: registry)
        let model = try Shipped.model()
        let service = try TranslationService(
            model: model, configuration: .init(),
            metrics: ServiceMetrics(registry: registry, model: model),
            clock: { [clock] in clock.now })
        api.enter(.serving(service))
        let options = DecodingOptions(exit: try ExitOptions().resolve(for: model))
        _ = service.submit(
            TranslationRequest(texts: ["Ein Hund."], options: options, maximumSourceTokens: 256),
            progress: { [first] _ in
                first.change { $0.hasCome = true }
                first.waitLimited { $0.mayGo ? () : nil }
            }, completion: { _ in })
        first.waitLimited { $0.hasCome ? () : nil }
        submit(#"{"text":"Ein Mann.","stream":true,"timeout_ms":60000}"#, waiting)
    }

    private func submit(_ body: String, _ recorder: Recorder) {
        api.handle(
            ServerRequest(
                method: "POST", target: "/translate", path: "/translate", body: Array(body.utf8)),
            recorder)
    }

    func letGo() { first.change { $0.mayGo = true } }
}

@Suite("Silence in a stream")
struct SilenceTests {
    @Test("Fifteen seconds without an event are broken by a comment, again and again")
    func comments() throws {
        let service = try HeldUpService()
        service.clock.advance(by: 14.9)
        #expect(!service.waiting.hasHead)
        service.clock.advance(by: 0.1)
        #expect(service.waiting.head.status == 200)
        #expect(service.waiting.text.hasPrefix("event: start\n"))
        #expect(service.waiting.text.hasSuffix("\n\n:\n\n"))
        service.clock.advance(by: 15)
        #expect(service.waiting.text.hasSuffix("\n\n:\n\n:\n\n"))
        service.letGo()
        _ = service.waiting.finished
        let text = service.waiting.text
        #expect(try Event.all(text).last?.name == "done")
        service.clock.advance(by: 15)
        #expect(service.waiting.text == text)
    }

    @Test("What fails after the first byte is an event with the problem")
    func lateFailure() throws {
        let service = try HeldUpService()
        service.clock.advance(by: 15)
        service.clock.advance(by: 60)
        service.letGo()
        _ = service.waiting.finished
        let last = try #require(Event.all(service.waiting.text).last)
        #expect(last.name == "error")
        #expect(last.data["status"]?.integerValue == 504)
        #expect(last.data["code"]?.stringValue == "deadline_exceeded")
    }

    @Test("Nothing more is computed for a client that has gone")
    func cancelled() throws {
        let service = try HeldUpService()
        service.clock.advance(by: 15)
        service.waiting.leave()
        service.letGo()
        _ = service.waiting.finished
        #expect(
            service.registry.text.contains("shoal_cancelled_requests_total{cause=\"client\"} 1\n"))
        #expect(!service.waiting.text.contains("event: done"))
    }
}
