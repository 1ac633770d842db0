import Decoding
import Dispatch
import Glibc
import System
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("A worker that is stuck", .timeLimit(.minutes(10)))
struct StallTests {
    @Test("/livez fails while a step takes longer than the limit, and no longer when it is over")
    func stall() throws {
        let seconds = Lock(0.0)
        let server = try TestServer(loaded: false) { $0.stallTimeout = 60 }
        defer { server.close() }
        let model = try Shipped.model()
        let service = try TranslationService(
            model: model, configuration: .init(),
            metrics: ServiceMetrics(registry: MetricRegistry(), model: model),
            clock: { seconds.withLock { $0 } })
        server.api.enter(.serving(service))
        let (isWithin, isOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let mayGo = Monitor(false)
        let request = TranslationRequest(
            texts: ["Zwei Hunde spielen im Schnee."],
            options: .init(exit: try ExitOptions().resolve(for: model)), maximumSourceTokens: 256)
        _ = service.submit(request) { _ in
            isWithin.signal()
            mayGo.waitLimited { $0 ? () : nil }
        } completion: { _ in
            isOver.signal()
        }
        #expect(isWithin.wait(timeout: .now() + 120) == .success)
        #expect(try server.ask("GET", "/livez").status == 200)
        seconds.withLock { $0 = 61 }
        let stuck = try server.ask("GET", "/livez")
        #expect(stuck.status == 503)
        #expect(stuck.text.contains("stuck"))
        #expect(try server.ask("GET", "/readyz").status == 200)
        mayGo.change { $0 = true }
        #expect(isOver.wait(timeout: .now() + 120) == .success)
        // The answer goes out within the step.
        while service.secondsWithoutProgress > 0 { sched_yield() }
        #expect(try server.ask("GET", "/livez").status == 200)
        service.stop()
    }
}
