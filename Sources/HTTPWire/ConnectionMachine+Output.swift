extension ConnectionMachine {
    mutating func answered(_ response: ServerResponse, _ date: String, _ now: Double) -> [Action] {
        guard case .serving(var context, let canPersist) = phase else { return [] }
        context.keepAlive = canPersist && mayGoOn
        context.date = date
        phase = .sending(persist: context.keepAlive)
        deadline = now + timeouts.write
        return [.send(ResponseSerializer.bytes(response, context))]
    }

    mutating func began(_ response: ServerResponse, _ date: String, _ now: Double) -> [Action] {
        guard case .serving(var context, let canPersist) = phase else { return [] }
        let framing = StreamFraming(status: response.status, context)
        context.keepAlive = canPersist && mayGoOn && framing != .untilClose
        context.date = date
        phase = .streaming(framing, persist: context.keepAlive)
        deadline = now + timeouts.write
        let head = ResponseSerializer.head(response, context, framing: framing.field)
        return [.send(head + framing.frame(response.body))]
    }

    mutating func wrote(_ part: [UInt8], _ now: Double) -> [Action] {
        guard case .streaming(let framing, _) = phase else { return [] }
        let bytes = framing.frame(part)
        guard !bytes.isEmpty else { return [] }
        deadline = deadline ?? now + timeouts.write
        return [.send(bytes)]
    }

    /// Sends even when nothing is left to send, so that `flushed` follows.
    mutating func ended(_ now: Double) -> [Action] {
        guard case .streaming(let framing, let persist) = phase else { return [] }
        phase = .sending(persist: persist)
        deadline = deadline ?? now + timeouts.write
        return [.send(framing.end)]
    }

    mutating func blocked(_ unsent: Int, _ progress: Bool, _ now: Double) -> [Action] {
        switch phase {
        case .streaming where unsent > limits.unsentStreamBytes: return close()
        case .streaming, .sending:
            if progress { deadline = now + timeouts.write }
            return []
        case .idle, .receiving, .serving, .lingering, .closed: return []
        }
    }

    mutating func flushed(_ now: Double) -> [Action] {
        switch phase {
        case .streaming:
            deadline = silenceDeadline(now)
            return []
        case .sending(let persist): return persist ? advance(now) : finish(now)
        case .idle, .receiving, .serving, .lingering, .closed: return []
        }
    }

    private mutating func finish(_ now: Double) -> [Action] {
        guard !inputEnded else { return close() }
        // Closing with unread input would reset the connection and could destroy the response on
        // its way (RFC 9112 §9.6), so the input is read, and dropped, for a while.
        phase = .lingering(remaining: Self.bufferedBytes)
        deadline = now + timeouts.linger
        return [.shutdownWrite]
    }

    /// Whether another request may follow the one that is being answered.
    private var mayGoOn: Bool { !shuttingDown && !(inputEnded && parser.isIdle) }
}
