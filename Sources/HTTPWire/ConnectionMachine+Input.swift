extension ConnectionMachine {
    mutating func received(_ bytes: ArraySlice<UInt8>, _ now: Double) -> [Action] {
        switch phase {
        case .closed: return []
        case .lingering(let remaining):
            guard bytes.count < remaining else { return close() }
            phase = .lingering(remaining: remaining - bytes.count)
            return []
        case .serving, .streaming, .sending:
            parser.append(bytes)
            return []
        case .idle, .receiving:
            parser.append(bytes)
            return advance(now)
        }
    }

    /// Parses what is there, up to the next complete request or failure.
    mutating func advance(_ now: Double) -> [Action] {
        var actions: [Action] = []
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    bodyStart = now
                    if head.expectsContinue, parser.buffered == 0 {
                        actions.append(.send(ResponseSerializer.goOn))
                    }
                case .request(let request): return actions + serve(request, now)
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

    private mutating func serve(_ request: ServerRequest, _ now: Double) -> [Action] {
        bodyStart = nil
        let context = ResponseContext(
            isHead: request.head.isHead, minorVersion: request.head.minorVersion, date: "")
        phase = .serving(context, canPersist: request.head.keepAlive)
        deadline = silenceDeadline(now)
        return inputEnded ? [.deliver(request), .cancel] : [.deliver(request)]
    }

    mutating func refuse(_ failure: HTTPFailure) -> [Action] {
        let head = parser.knownHead
        bodyStart = nil
        phase = .serving(ResponseContext(isHead: head.isHead, date: ""), canPersist: false)
        deadline = nil
        return [.refuse(failure, head)]
    }

    /// A client that ends its side while it waits counts as gone.
    ///
    /// Most have closed, and their request would be computed for nobody. What is answered at once
    /// still reaches one that only closed its sending side.
    mutating func endOfInput(_ now: Double) -> [Action] {
        inputEnded = true
        switch phase {
        case .idle, .lingering: return close()
        case .receiving: return refuse(.malformed("The request is incomplete."))
        case .serving, .streaming:
            deadline = deadline ?? silenceDeadline(now)
            return [.cancel]
        case .sending, .closed: return []
        }
    }

    /// How long the handler may be silent: for ever, but not to a client that has gone.
    func silenceDeadline(_ now: Double) -> Double? { inputEnded ? now + timeouts.linger : nil }
}
