import TestSupport
import Testing
import TranslationAPI

@Suite("Workers that get stuck", .timeLimit(.minutes(5)))
struct StallTests {
    @Test("/livez fails once a worker has been at one step for longer than the settings allow")
    func stall() throws {
        for (seconds, status) in [(60.0, 200), (-1, 503)] {
            let server = try TestServer { $0.stallTimeout = seconds }
            defer { server.close() }
            #expect(try server.ask("GET", "/livez").status == status)
            #expect(try server.ask("GET", "/readyz").status == 200)
        }
    }
}
