import CSystem
import HTTPWire

extension EventLoop {
    func read(_ connection: Connection) {
        guard connection.wantsInput else { return }
        switch connection.receive(&readBuffer) {
        case .nothing: return
        case .broken: drop(connection)
        case .bytes(let bytes, let isLast):
            if !bytes.isEmpty { feed(connection, .received(bytes)) }
            if isLast, connection.isOpen { feed(connection, .endOfInput) }
            // The transport may have answered by itself.
            if connection.unsent > 0 { enqueue(connection) }
        }
    }

    func flush(_ connection: Connection) {
        switch connection.flush() {
        case .broken: drop(connection)
        case .blocked(let progress):
            feed(connection, .blocked(unsent: connection.unsent, progress: progress))
        case .drained:
            recordFinish(connection)
            feed(connection, .flushed)
        }
    }

    /// Sends what this turn of the loop has produced: parts of a response that were given in one go
    /// leave in one call.
    func flushQueued() {
        while let connection = queued.popLast() {
            connection.isQueued = false
            if connection.isOpen { flush(connection) }
        }
    }

    /// Lets the machine take an event and does what it says.
    func feed(_ connection: Connection, _ event: ConnectionMachine.Event) {
        for action in connection.machine.handle(event, now: now) where connection.isOpen {
            perform(action, connection)
        }
        guard connection.isOpen else { return }
        if let deadline = connection.deadline { note(deadline) }
        updateInterest(connection)
    }

    private func perform(_ action: ConnectionMachine.Action, _ connection: Connection) {
        switch action {
        case .send(let bytes):
            connection.queue(bytes)
            enqueue(connection)
        case .deliver(let request):
            let exchange = Exchange(mailbox: mailbox, connection: connection.id)
            connection.current = ServedRequest(exchange, request.head, start: now)
            var request = request
            request.peerAddress = connection.peerAddress
            connection.handler.handle(request, exchange)
        case .cancel: connection.current?.exchange?.cancel()
        case .refuse(let failure, let head): refuse(connection, failure, head)
        case .shutdownWrite: connection.shutdownWrite()
        case .close: drop(connection)
        }
    }

    private func refuse(
        _ connection: Connection, _ failure: HTTPFailure, _ head: RequestHead
    ) {
        observer.failed(failure)
        var refused = ServedRequest(nil, head, start: now)
        let answer = refused.take(
            .whole(connection.handler.response(to: failure, of: head)), date: currentDate())
        connection.current = refused
        feed(connection, answer)
    }

    private func enqueue(_ connection: Connection) {
        guard connection.isOpen, !connection.isQueued else { return }
        connection.isQueued = true
        queued.append(connection)
    }

    private func recordFinish(_ connection: Connection) {
        guard let current = connection.current, current.isAnswered else { return }
        connection.current = nil
        observer.finished(current.record(now: SystemClock.monotonic()))
    }

    /// Has the kernel watch for what the connection waits for; what is queued is sent in this turn anyway.
    private func updateInterest(_ connection: Connection) {
        let isBlocked = connection.unsent > 0 && !connection.isQueued
        let wanted =
            (connection.wantsInput ? shoal_epollin : 0) | (isBlocked ? shoal_epollout : 0)
        guard wanted != connection.interest else { return }
        connection.interest = wanted
        _ = shoal_epoll_modify(
            descriptors.epoll, connection.descriptor, wanted, connection.id)
    }

    /// Closes the socket and tells the handler of an unanswered request.
    func drop(_ connection: Connection) {
        guard connection.isOpen else { return }
        connections[connection.id] = nil
        connection.close()
        connection.current?.exchange?.cancel()
        if connection.isHandshaking { observer.handshakeFailed() }
        observer.connectionClosed()
        resumeAccepting()
    }
}
