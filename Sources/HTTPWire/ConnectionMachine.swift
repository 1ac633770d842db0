/// One HTTP/1.1 connection as a value: events and the time go in, actions come out.
///
/// Pipelined requests are delivered one at a time, in order; while one is served at most
/// `bufferedBytes` of what follows are taken in (`wantsInput`). Times are seconds of any monotonic
/// clock, the same one for every call.
package struct ConnectionMachine: Sendable {
    /// What happened on the connection.
    package enum Event: Sendable {
        case received(ArraySlice<UInt8>)
        /// The peer will send no more; it may still read.
        case endOfInput
        /// The answer to the last `deliver` or `refuse`; the date is an IMF-fixdate.
        case answered(ServerResponse, date: String)
        /// The head and the first part of the answer to the last `deliver`.
        case began(ServerResponse, date: String)
        /// The next part.
        case wrote([UInt8])
        /// The last part was given.
        case ended
        /// The peer took some of the output, or none, and so many bytes of it are left.
        case blocked(unsent: Int, progress: Bool)
        /// All of the output went out.
        case flushed
        /// A look at the clock.
        case timer
        case shuttingDown
    }

    /// What to do, in this order.
    package enum Action: Sendable {
        /// Add to the output, and report what became of it; the bytes may be none.
        case send([UInt8])
        case deliver(ServerRequest)
        /// Tell the handler that nobody waits for its answer any more; one may still come.
        case cancel
        /// Ask for the response to a failure, with what was read of the request's head.
        case refuse(HTTPFailure, RequestHead)
        /// Close the sending side only, and go on reading.
        case shutdownWrite
        case close
    }

    enum Phase {
        case idle
        case receiving
        case serving(ResponseContext, canPersist: Bool)
        case streaming(StreamFraming, persist: Bool)
        case sending(persist: Bool)
        case lingering(remaining: Int)
        case closed
    }

    /// How far a connection without a complete request can be spared; the least goes first.
    package struct Expendability: Comparable, Sendable {
        /// What is lost with it, from least to most.
        package enum Stage: Int, Sendable {
            case idle
            case head
            case body
        }

        package let stage: Stage
        /// When its time is over: among its equals the one that has been so for the longest is first.
        package let deadline: Double

        package init(stage: Stage, deadline: Double) {
            self.stage = stage
            self.deadline = deadline
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.stage.rawValue, left.deadline) < (right.stage.rawValue, right.deadline)
        }
    }

    /// Bytes taken in beyond the request being served, and bytes discarded after the last response.
    package static let bufferedBytes = 64 << 10

    let limits: HTTPLimits
    let timeouts: HTTPTimeouts
    var parser: RequestParser
    var phase = Phase.idle
    var inputEnded = false
    var shuttingDown = false
    /// When the body that is arriving began to; nil while there is none.
    var bodyStart: Double?

    /// When a `timer` event is due; nil while the handler is waited for.
    package internal(set) var deadline: Double?

    package init(limits: HTTPLimits, timeouts: HTTPTimeouts, now: Double) {
        self.limits = limits
        self.timeouts = timeouts
        parser = RequestParser(limits: limits)
        deadline = now + timeouts.idle
    }

    /// Whether to read from the peer.
    package var wantsInput: Bool {
        guard !inputEnded else { return false }
        return switch phase {
        case .idle, .receiving, .lingering: true
        case .serving, .streaming, .sending: parser.buffered < Self.bufferedBytes
        case .closed: false
        }
    }

    /// Nil once a request is complete: it is then worth its place.
    package var expendability: Expendability? {
        guard let deadline else { return nil }
        return switch phase {
        case .idle: Expendability(stage: .idle, deadline: deadline)
        case .receiving:
            Expendability(stage: bodyStart == nil ? .head : .body, deadline: deadline)
        case .serving, .streaming, .sending, .lingering, .closed: nil
        }
    }

    /// Takes one event and says what to do about it.
    package mutating func handle(_ event: Event, now: Double) -> [Action] {
        switch event {
        case .received(let bytes): received(bytes, now)
        case .endOfInput: endOfInput(now)
        case .answered(let response, let date): answered(response, date, now)
        case .began(let response, let date): began(response, date, now)
        case .wrote(let part): wrote(part, now)
        case .ended: ended(now)
        case .blocked(let unsent, let progress): blocked(unsent, progress, now)
        case .flushed: flushed(now)
        case .timer: timer(now)
        case .shuttingDown: shutDown(now)
        }
    }

    private mutating func timer(_ now: Double) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        guard case .receiving = phase else { return close() }
        let part = bodyStart == nil ? "head" : "body"
        return refuse(HTTPFailure(.requestTimeout, "The \(part) did not arrive in time."))
    }

    /// A request may be on its way on an idle connection, and would be lost if that closed at once.
    private mutating func shutDown(_ now: Double) -> [Action] {
        shuttingDown = true
        guard case .idle = phase else { return [] }
        guard timeouts.farewell > 0 else { return close() }
        deadline = min(deadline ?? .infinity, now + timeouts.farewell)
        return []
    }

    mutating func close() -> [Action] {
        phase = .closed
        deadline = nil
        return [.close]
    }
}
