import Decoding
import HTTPTypes
import HTTPWire
import JSON
import TranslationService

/// An answer that is not a result, as RFC 9457 writes it.
struct Problem: Error {
    /// Kind.
    let code: ProblemCode
    /// What is wrong here and what would be right; never the text to be translated.
    let detail: String
    /// The single faults, where there are several or one has a place.
    let errors: [FieldProblem]
    /// What the answer's head says of it.
    let fields: HTTPFields

    /// A problem.
    init(
        _ code: ProblemCode, _ detail: String, errors: [FieldProblem] = [],
        fields: HTTPFields = [:]
    ) {
        self.code = code
        self.detail = detail
        self.errors = errors
        var fields = fields
        // Where the server is stopping or starting another one is to be asked, which is no matter of time.
        if code.status == 503, fields[.retryAfter] == nil {
            fields[.retryAfter] = Self.wholeSeconds(0)
        }
        self.fields = fields
    }

    /// A request that cannot be carried out as it stands; the gravest of its faults gives the code, with
    /// those of form before those of meaning.
    init(_ problems: [FieldProblem]) {
        let codes = problems.compactMap { ProblemCode(rawValue: $0.code.rawValue) }
        let code = codes.min { $0.status < $1.status } ?? .outOfRange
        self.init(code, problems.map(\.detail).joined(separator: "; "), errors: problems)
    }

    /// The same, of what the service found.
    init(_ invalid: InvalidRequest) { self.init(invalid.faults.map { FieldProblem($0) }) }

    /// What HTTP itself forbids.
    init(_ failure: HTTPFailure) {
        self.init(
            ProblemCode(rawValue: failure.code.rawValue) ?? .malformedRequest, failure.detail)
    }

    /// Why a translation was not made.
    init(_ error: TranslationError) {
        switch error {
        case .invalid(let invalid): self.init(invalid)
        case .overloaded(let seconds):
            self.init(
                .overloaded, "too many requests are waiting; try again later",
                fields: [.retryAfter: Self.wholeSeconds(seconds)])
        case .loading(let seconds):
            self.init(
                .modelLoading, "the model is being read; try again shortly",
                fields: [.retryAfter: Self.wholeSeconds(seconds)])
        case .unavailable:
            self.init(
                .modelUnavailable,
                "the model cannot be read, or there is no room for it; the server's log says why",
                fields: [.retryAfter: "60"])
        case .shuttingDown: self.init(.shuttingDown, "the server is shutting down")
        case .cancelled:
            self.init(
                .shuttingDown,
                "the request was cancelled: its client closed the connection, or the server stops")
        case .deadlineExceeded:
            self.init(.deadlineExceeded, "the request's time ran out before it was translated")
        case .decoding(let error): self.init(.internalError, error.description)
        }
    }

    /// Retry-After of at least so many seconds: 1 is the least that the field can usefully say, an hour the most
    /// that an estimate is worth.
    private static func wholeSeconds(_ seconds: Double) -> String {
        String(Int(min(max(seconds.rounded(.up), 1), 3600)))
    }

    /// The problem as `application/problem+json`.
    ///
    /// - Parameter requestID: names the request in logs.
    /// - Returns: the answer, without what all answers share.
    func response(requestID: String) -> ServerResponse {
        var writer = JSONWriter()
        write(requestID: requestID, to: &writer)
        var response = ServerResponse(status: code.status, fields: fields, body: writer.bytes)
        response.fields[.contentType] = MediaType.problem.rawValue
        return response
    }

    /// The problem object.
    func write(requestID: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("type", "/problems/\(code.rawValue)")
        writer.member("title", code.title)
        writer.member("status", code.status)
        writer.member("code", code.rawValue)
        writer.member("detail", detail)
        writer.member("request_id", requestID)
        writer.name("errors")
        writer.beginArray()
        for error in errors {
            writer.beginObject()
            writer.member("pointer", error.pointer)
            writer.member("code", error.code.rawValue)
            writer.member("detail", error.detail)
            writer.endObject()
        }
        writer.endArray()
        // LibreTranslate's clients read this one.
        writer.member("error", detail)
        writer.endObject()
    }
}

extension JSONWriter {
    /// A member that is a string.
    mutating func member(_ name: String, _ value: String) {
        self.name(name)
        self.value(value)
    }

    /// A member that is a whole number.
    mutating func member(_ name: String, _ value: Int) {
        self.name(name)
        self.value(value)
    }
}
