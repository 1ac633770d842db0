import HTTPTypes
import HTTPWire
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

@Suite("What logs are told")
struct LogFieldTests {
    private func ask(
        _ path: String, body: String? = nil, fields: HTTPFields = [:], loaded: Bool = false
    ) throws -> [String: LogField.Value] {
        let registry = MetricRegistry()
        let api = TranslationAPI(settings: .init(), registry: registry)
        if loaded {
            let model = try Shipped.model()
            api.enter(
                .serving(
                    try TranslationService(
                        model: model, configuration: .init(),
                        metrics: ServiceMetrics(registry: registry, model: model))))
        }
        let recorder = Recorder()
        api.handle(
            ServerRequest(
                method: body == nil ? "GET" : "POST", target: path, path: path, fields: fields,
                body: Array((body ?? "").utf8)), recorder)
        return Dictionary(
            uniqueKeysWithValues: recorder.finished.logFields.map { ($0.name, $0.value) })
    }

    @Test("Every answer names its request and its trace")
    func names() throws {
        let id = try #require(HTTPField.Name("X-Request-Id"))
        let fields: HTTPFields = [
            id: "abc", .traceparent: "00-\(trace)-00f067aa0ba902b7-01",
        ]
        for path in ["/livez", "/nothing", "/models"] {
            let logged = try ask(path, fields: fields)
            #expect(logged == ["request_id": .text("abc"), "trace_id": .text(trace)])
        }
    }

    @Test(
        "A trace that is not written to the letter is no trace",
        arguments: [
            ("00-\(trace)-00f067aa0ba902b7-01", true), ("cc-\(trace)-00f067aa0ba902b7-01-x", true),
            ("00-\(trace)-00f067aa0ba902b7-01-x", false),
            ("ff-\(trace)-00f067aa0ba902b7-01", false),
            ("00-\(trace.uppercased())-00f067aa0ba902b7-01", false),
            ("00-\(trace)-0000000000000000-01", false), ("00-\(trace)-00f067aa0ba902b7-1", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-\(trace)-00f067aa0ba902b7", false), ("", false),
            ("0-\(trace)-00f067aa0ba902b7-01", false),
        ])
    func traces(_ entry: (value: String, isTrace: Bool)) throws {
        let logged = try ask("/livez", fields: [.traceparent: entry.value])
        #expect(logged["trace_id"] == (entry.isTrace ? .text(trace) : nil))
        guard case .text(let id) = logged["request_id"] else {
            Issue.record("no id")
            return
        }
        #expect(id.count == 32)
    }

    @Test("A translation is told in numbers, whatever its shape, and never in its words")
    func translations() throws {
        for body in [
            #"{"text":["Hunde.",""]}"#, #"{"text":["Hunde.",""],"stream":true}"#,
            #"{"q":["Hunde.",""],"target":"en"}"#,
        ] {
            let logged = try ask("/translate", body: body, loaded: true)
            #expect(
                Set(logged.keys) == [
                    "request_id", "model", "texts", "source_tokens", "target_tokens",
                    "average_exit_layer",
                ])
            #expect(logged["texts"] == .integer(2))
            #expect(
                !logged.values.contains { value in
                    "\(value)".contains("Hunde") || "\(value)".contains("dog")
                })
        }
    }
}
