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
        /// Some bytes of the output went out.
        case progressed
        /// All of the output went out.
        case flushed
        /// A look at the clock.
        case timer
        case shuttingDown
    }

    /// What to do, in this order.
    package enum Action: Sendable {
        case send([UInt8])
        case deliver(ServerRequest)
        /// Ask for the response to a failure.
        case refuse(HTTPFailure)
        /// Close the sending side only, and go on reading.
        case shutdownWrite
        case close
    }

    private enum Phase {
        case idle
        case receiving
        case serving(ResponseContext, canPersist: Bool)
        case sending(persist: Bool)
        case lingering(remaining: Int)
        case closed
    }

    /// Bytes taken in beyond the request being served, and bytes discarded after the last response.
    package static let bufferedBytes = 64 << 10

    private let timeouts: HTTPTimeouts
    private var parser: RequestParser
    private var phase = Phase.idle
    private var inputEnded = false
    private var shuttingDown = false
    private var bodyStart: Double?

    /// When a `timer` event is due; nil while the handler has the request.
    package private(set) var deadline: Double?

    package init(limits: HTTPLimits, timeouts: HTTPTimeouts, now: Double) {
        self.timeouts = timeouts
        parser = RequestParser(limits: limits)
        deadline = now + timeouts.idle
    }

    /// Whether to read from the peer.
    package var wantsInput: Bool {
        guard !inputEnded else { return false }
        return switch phase {
        case .idle, .receiving, .lingering: true
        case .serving, .sending: parser.buffered < Self.bufferedBytes
        case .closed: false
        }
    }

    /// Takes one event and says what to do about it.
    package mutating func handle(_ event: Event, now: Double) -> [Action] {
        switch event {
        case .received(let bytes): received(bytes, now)
        case .endOfInput: endOfInput()
        case .answered(let response, let date): answered(response, date, now)
        case .progressed: progressed(now)
        case .flushed: flushed(now)
        case .timer: timer(now)
        case .shuttingDown: shutDown()
        }
    }
}

// MARK: - Input

extension ConnectionMachine {
    private mutating func received(_ bytes: ArraySlice<UInt8>, _ now: Double) -> [Action] {
        switch phase {
        case .closed: return []
        case .lingering(let remaining):
            guard bytes.count < remaining else { return close() }
            phase = .lingering(remaining: remaining - bytes.count)
            return []
        case .serving, .sending:
            parser.append(bytes)
            return []
        case .idle, .receiving:
            parser.append(bytes)
            return advance(now)
        }
    }

    /// Parses what is there, up to the next complete request or failure.
    private mutating func advance(_ now: Double) -> [Action] {
        var actions: [Action] = []
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    bodyStart = now
                    if head.expectsContinue, parser.buffered == 0 {
                        actions.append(.send(ResponseSerializer.goOn))
                    }
                case .request(let request, let head):
                    bodyStart = nil
                    serve(head)
                    return actions + [.deliver(request)]
                }
            }
        } catch {
            return actions + refuse(error)
        }
        return actions + starved(now)
    }

    /// No complete request yet: sets the deadline that its next part must meet.
    private mutating func starved(_ now: Double) -> [Action] {
        if parser.isIdle {
            if inputEnded || shuttingDown { return close() }
            if case .idle = phase { return [] }
            phase = .idle
            deadline = now + timeouts.idle
            return []
        }
        guard !inputEnded else { return refuse(.malformed("The request is incomplete.")) }
        if let bodyStart {
            let granted = Double(parser.bodyReceived) / max(timeouts.bodyBytesPerSecond, 1)
            deadline = bodyStart + timeouts.body + granted
        } else if case .receiving = phase {
            return []
        } else {
            deadline = now + timeouts.head
        }
        phase = .receiving
        return []
    }

    private mutating func serve(_ head: RequestHead) {
        let context = ResponseContext(
            isHead: head.method == "HEAD", minorVersion: head.minorVersion, date: "")
        phase = .serving(context, canPersist: head.keepAlive)
        deadline = nil
    }

    private mutating func refuse(_ failure: HTTPFailure) -> [Action] {
        bodyStart = nil
        phase = .serving(ResponseContext(date: ""), canPersist: false)
        deadline = nil
        return [.refuse(failure)]
    }

    private mutating func endOfInput() -> [Action] {
        inputEnded = true
        switch phase {
        case .idle, .lingering: return close()
        case .receiving: return refuse(.malformed("The request is incomplete."))
        case .serving, .sending, .closed: return []
        }
    }
}

// MARK: - Output and time

extension ConnectionMachine {
    private mutating func answered(_ response: ServerResponse, _ date: String, _ now: Double)
        -> [Action]
    {
        guard case .serving(var context, let canPersist) = phase else { return [] }
        let persist = canPersist && !shuttingDown
        context.keepAlive = persist
        context.date = date
        phase = .sending(persist: persist)
        deadline = now + timeouts.write
        return [.send(ResponseSerializer.bytes(response, context))]
    }

    private mutating func progressed(_ now: Double) -> [Action] {
        if case .sending = phase { deadline = now + timeouts.write }
        return []
    }

    private mutating func flushed(_ now: Double) -> [Action] {
        guard case .sending(let persist) = phase else { return [] }
        if persist { return advance(now) }
        guard !inputEnded else { return close() }
        // Closing with unread input would reset the connection and could destroy the response on
        // its way (RFC 9112 §9.6), so the input is read, and dropped, for a while.
        phase = .lingering(remaining: Self.bufferedBytes)
        deadline = now + timeouts.linger
        return [.shutdownWrite]
    }

    private mutating func timer(_ now: Double) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        switch phase {
        case .receiving:
            let part = bodyStart == nil ? "head" : "body"
            return refuse(HTTPFailure(.requestTimeout, "The \(part) did not arrive in time."))
        case .idle, .sending, .lingering: return close()
        case .serving, .closed: return []
        }
    }

    private mutating func shutDown() -> [Action] {
        shuttingDown = true
        guard case .idle = phase else { return [] }
        return close()
    }

    private mutating func close() -> [Action] {
        phase = .closed
        deadline = nil
        return [.close]
    }
}
