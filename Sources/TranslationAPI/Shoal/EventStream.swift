import Decoding
import HTTPTypes
import HTTPWire
import JSON
import System
import TranslationService

/// The answer to a translation in parts, as server-sent events (HTML Standard §9.2).
///
/// The head goes out with the first event, when nothing more of the request can be at fault; where a
/// worker does not take it for as long as a silence may last, then, so that nobody in between takes the
/// connection for dead. What fails before has its own status, what fails later is an event `error`.
final class EventStream: Sendable {
    /// Seconds without an event after which a comment is sent.
    static let longestSilence = 15.0

    private struct State {
        var hasBegun = false
        var isOver = false
        var lastSent: Double
    }

    private let context: RequestContext
    private let answer: OwnAnswer
    private let clock: APIClock
    private let state: Lock<State>

    init(_ answer: OwnAnswer, _ context: RequestContext, clock: APIClock) {
        self.answer = answer
        self.context = context
        self.clock = clock
        state = Lock(State(lastSent: clock.now()))
    }

    /// Sends what a translation tells of its progress.
    func take(_ event: TranslationEvent) {
        switch event {
        case .token(let token): send("token") { write(token, to: &$0) }
        case .sentence(let sentence): send("sentence") { write(sentence, to: &$0) }
        }
    }

    /// Ends with the whole answer, or with why there is none.
    func finish(_ result: Result<TranslationResult, TranslationError>) {
        switch result {
        case .success(let result):
            let fields = result.logFields(answer.body.request, answer.model)
            send("done", endingWith: fields) {
                answer.write(result, answer.body.parts.subtracting(.tokens), to: &$0)
            }
        case .failure(let error): fail(Problem(error))
        }
    }

    /// Breaks every silence from now on, until the end.
    func keepAlive(after seconds: Double = longestSilence) {
        clock.after(seconds) { [weak self] in
            guard let self, let wait = breakSilence() else { return }
            keepAlive(after: wait)
        }
    }

    /// Sends a comment where it has been silent for too long.
    ///
    /// - Returns: seconds until the next look; nil at the end.
    private func breakSilence() -> Double? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            let silence = clock.now() - state.lastSent
            guard silence >= Self.longestSilence else { return Self.longestSilence - silence }
            write(Array(":\n\n".utf8), &state)
            return Self.longestSilence
        }
    }

    private func fail(_ problem: Problem) {
        let isEarly = state.withLock { state in
            if !state.hasBegun { state.isOver = true }
            return !state.hasBegun
        }
        guard !isEarly else { return context.refuse(problem) }
        send("error", endingWith: []) { problem.write(requestID: context.identity.id, to: &$0) }
    }

    /// Sends an event; with log fields, even none, it is the last.
    private func send(
        _ name: String, endingWith logFields: [LogField]? = nil,
        _ data: (inout JSONWriter) -> Void
    ) {
        let bytes = Self.event(name, data)
        state.withLock { state in
            guard !state.isOver else { return }
            write(bytes, &state)
            guard let logFields else { return }
            state.isOver = true
            context.end(logFields: logFields)
        }
    }

    private func write(_ bytes: [UInt8], _ state: inout State) {
        if !state.hasBegun {
            state.hasBegun = true
            context.begin(head)
        }
        context.write(bytes)
        state.lastSent = clock.now()
    }

    private var head: ServerResponse {
        var response = ServerResponse(
            status: 200,
            fields: [.contentType: MediaType.eventStream.fieldValue, .accelBuffering: "no"],
            body: Self.event("start") { writer in
                writer.beginObject()
                writer.member("id", answer.id)
                writer.member("model", answer.model.id)
                writer.endObject()
            })
        response.logFields = answer.body.request.logFields(answer.model)
        return response
    }

    private static func event(_ name: String, _ data: (inout JSONWriter) -> Void) -> [UInt8] {
        // A compact object has no line end, so that it is one line of data.
        var writer = JSONWriter()
        data(&writer)
        return Array("event: \(name)\ndata: ".utf8) + writer.bytes + Array("\n\n".utf8)
    }

    private func write(_ event: TokenEvent, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("index", event.index)
        writer.member("sentence", event.sentence)
        writer.member("position", event.position)
        writer.member("id", event.token.id)
        writer.member("piece", event.piece)
        writer.member("text", event.text)
        writer.member("exit_layer", event.token.exitLayer)
        if answer.body.parts.contains(.scores) {
            writer.name("logprob")
            writer.value(event.token.logProbability)
        }
        writer.endObject()
    }

    private func write(_ event: SentenceEvent, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("index", event.index)
        writer.member("sentence", event.sentence)
        writer.member("text", event.text)
        writer.name("compute")
        TranslationJSON(model: answer.model, parts: []).write(event.compute, to: &writer)
        writer.endObject()
    }
}
