import Decoding
import Dispatch
import HTTPWire
import TestSupport
import Testing
import TranslationAPI
import TranslationService

@Suite("Where answers are made", .timeLimit(.minutes(10)))
struct AnswerQueueTests {
    @Test(
        "Whoever takes an answer slowly does not hold up the worker that decodes",
        arguments: ["", ",\"stream\":true"])
    func besideTheWorker(_ member: String) throws {
        let server = try TestServer()
        let slow = Recorder(holdsUp: true)
        let body = "{\"text\":\"Ein Hund.\"\(member)}"
        server.api.handle(
            ServerRequest(
                method: "POST", target: "/translate", path: "/translate", body: Array(body.utf8)),
            slow)
        _ = slow.head
        let service = try #require(server.api.stage.service)
        let options = DecodingOptions(exit: try ExitOptions().resolve(for: service.model))
        let isDone = DispatchSemaphore(value: 0)
        _ = service.submit(
            TranslationRequest(texts: ["Ein Mann."], options: options, maximumSourceTokens: 256)
        ) { _ in isDone.signal() }
        #expect(isDone.wait(timeout: .now() + 60) == .success)
        slow.letGo()
        _ = slow.finished
        server.close()
    }
}
