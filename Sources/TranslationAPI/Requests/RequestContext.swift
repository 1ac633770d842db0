import HTTPTypes
import HTTPWire

/// A request on its way through the API, and the way back to its client.
struct RequestContext: Sendable {
    let request: ServerRequest
    /// Seconds that it has waited for its body to be read.
    var waited = 0.0
    /// How refusals are written.
    var refusals = RefusalShape.problem
    private let answers: CommonAnswer
    private let responder: any Responder

    /// How a client wants to be told that it is refused.
    enum RefusalShape {
        case problem
        case libreTranslate
        case deepL
    }

    init(_ request: ServerRequest, answers: CommonAnswer, responder: some Responder) {
        self.request = request
        self.answers = answers
        self.responder = responder
    }

    /// What the request is called.
    var identity: RequestIdentity { answers.identity }

    /// Gives the whole answer.
    func answer(_ response: ServerResponse) {
        responder.respond(
            answers.complete(AcceptedCodings(request.fields).encode(response)))
    }

    /// Gives the answer to a request that gets no result.
    func refuse(_ problem: Problem) {
        switch refusals {
        case .problem: answer(problem.response(requestID: identity.id))
        case .libreTranslate: answer(LibreTranslate.response(to: problem))
        case .deepL: answer(DeepL.response(to: problem))
        }
    }

    /// Gives the head of an answer in parts, which come through `write`.
    func begin(_ response: ServerResponse) { responder.begin(answers.complete(response)) }

    /// Gives a part of the body.
    func write(_ bytes: [UInt8]) { responder.write(bytes) }

    /// Ends the body.
    func end(logFields: [LogField]) { responder.end(logFields: logFields) }

    /// Runs an action if the client goes away before its answer is complete.
    func onCancel(_ action: @escaping @Sendable () -> Void) { responder.onCancel(action) }
}
