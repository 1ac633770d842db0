import Checkpoint
import JSON
import System
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("Answers that get shallower under load", .timeLimit(.minutes(10)))
struct DepthValveTests {
    private let certified: CertifiedModel
    private let server: TestServer
    private let valve: DepthValve
    private let registry = MetricRegistry()
    private let time = Lock(0.0)

    init() throws {
        certified = try CertifiedModel { network in
            [
                certificate(network, 0.2, layer: 2, operations: 0.5),
                certificate(network, 0.05, layer: 4, operations: 0.8),
                // Dearer than one of a smaller bound, and of another risk: no levels.
                certificate(network, 0.1, layer: 5, operations: 0.9),
                certificate(network, 0.01, layer: 1, operations: 0.3, risk: .disagreement),
                // Above the server's bound.
                certificate(network, 0.5, layer: 1, operations: 0.3),
            ]
        }
        valve = DepthValve(
            DepthValve.Options(risk: .chrF, maximumDelta: 0.2), registry: registry,
            clock: { [time] in time.withLock { $0 } })
        #expect(valve.use([certified.model]))
        server = try TestServer(model: certified.model) { [valve] settings in
            settings.valve = valve
            settings.exit.policy = .full
        }
    }

    /// Has requests wait for so long that the level rises to the highest.
    private func load() {
        for _ in 0..<10 {
            time.withLock { $0 += 1 }
            _ = valve.choice(
                for: certified.model, upTo: nil, waiting: 10, allowed: 1, where: { _ in true })
        }
    }

    private func answer(_ fields: String) throws -> JSONObject {
        let response = try server.translate(#"{"text": "Ein Mann liest." \#(fields)}"#)
        #expect(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
        return try json(response)
    }

    private func delta(_ answer: JSONObject) -> Double? {
        answer["certificate"]?.objectValue?["delta"]?.doubleValue
    }

    private func layers(_ answer: JSONObject) -> Set<Double> {
        let first = answer["translations"]?.arrayValue?.first?.objectValue
        return Set(first?["exit_layers"]?.arrayValue?.compactMap(\.doubleValue) ?? [])
    }

    @Test("Without load answers are as ever, and say so; under load they name level and promise")
    func levels() throws {
        defer { server.close() }
        let calm = try answer("")
        #expect(calm["load_level"]?.doubleValue == 0)
        #expect(delta(calm) == nil)
        load()
        let shallow = try answer("")
        #expect(shallow["load_level"]?.doubleValue == 2)
        #expect(delta(shallow) == 0.2)
        #expect(layers(shallow) == [2])
        #expect(registry.text.contains(#"shoal_depth_level_requests_total{level="2"}"#))
        #expect(registry.text.contains("shoal_depth_level 2"))
        time.withLock { $0 += 100 }
        #expect(try answer("")["load_level"]?.doubleValue == 0)
    }

    @Test("A request bounds what load may cost it")
    func maximumRisk() throws {
        defer { server.close() }
        load()
        let bounded = try answer(#","exit": {"max_risk": 0.1}"#)
        #expect(bounded["load_level"]?.doubleValue == 1)
        #expect(layers(bounded) == [4])
        let full = try answer(#","exit": {"max_risk": 0}"#)
        #expect(full["load_level"]?.doubleValue == 0)
        #expect(delta(full) == nil)
        for (exit, code) in [
            (#"{"max_risk": 1}"#, "out_of_range"), (#"{"max_risk": "x"}"#, "wrong_type"),
            (#"{"max_risk": 0.1, "policy": "full"}"#, "conflicting_options"),
        ] {
            let response = try server.translate(#"{"text": "x", "exit": \#(exit)}"#)
            #expect([400, 422].contains(response.status))
            #expect(String(decoding: response.body, as: UTF8.self).contains(code), "\(exit)")
        }
    }

    @Test("A key bounds what load may cost its requests, which may say less and not more")
    func riskOfKeys() throws {
        defer { server.close() }
        load()
        let digits = String(repeating: "00", count: 31)
        server.api.replaceKeys(
            try APIKeys("a sha256=\(digits)61 max_risk=0.1\nb sha256=\(digits)62\n") {
                Array(repeating: 0, count: 31) + $0.suffix(1)
            })
        for (key, exit, level) in [
            ("a", "{}", 1.0), ("b", "{}", 2), ("a", #"{"max_risk": 0.2}"#, 1),
            ("a", #"{"max_risk": 0}"#, 0), ("b", #"{"max_risk": 0.1}"#, 1),
        ] {
            let response = try server.translate(
                #"{"text": "Ein Mann liest.", "exit": \#(exit)}"#,
                fields: "Authorization: Bearer \(key)\r\n")
            #expect(response.status == 200)
            #expect(try json(response)["load_level"]?.doubleValue == level, "\(key) \(exit)")
        }
    }

    @Test(
        "Whoever chooses how tokens exit, or what was not certified, is left alone",
        arguments: [
            #","exit": {"policy": "full"}"#, #","exit": {"policy": "fixed", "layer": 3}"#,
            #","exit": {"min_layer": 2}"#, #","beam_size": 4"#, #","format": "html""#,
            #","max_output_tokens": 5"#,
            #","exit": {"guarantee": {"risk": "chrf", "delta": 0.05}}"#,
        ])
    func untouched(fields: String) throws {
        defer { server.close() }
        load()
        #expect(try answer(fields)["load_level"] == nil)
    }

    @Test("A server whose requests leave early anyway is left alone")
    func earlyExits() throws {
        server.close()
        let early = try TestServer(model: certified.model) { [valve] settings in
            settings.valve = valve
            settings.exit.policy = .confidence
        }
        defer { early.close() }
        load()
        let answer = try json(early.translate(#"{"text": "Ein Mann liest."}"#))
        #expect(answer["load_level"] == nil)
    }

    @Test("Without certificates there are no levels")
    func withoutCertificates() throws {
        defer { server.close() }
        #expect(try valve.use([Shipped.model()]) == false)
        load()
        #expect(try answer("")["load_level"]?.doubleValue == 0)
    }
}
