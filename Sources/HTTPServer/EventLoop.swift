import CSystem
import Glibc
import HTTPWire

/// The one owner of every socket.
///
/// It waits for readiness, messages and deadlines, and lets each connection's state machine decide
/// what follows. Nothing in it is shared.
final class EventLoop {
    private static let eventCapacity = 256
    private static let readCapacity = 64 << 10
    /// Deadlines are looked at not more often than this, in seconds, whatever they are.
    private static let scanInterval = 0.02
    /// Pause of accept, in seconds, when the process is out of descriptors.
    private static let acceptPause = 0.1

    let descriptors: Descriptors
    let configuration: ServerConfiguration
    let handler: any RequestHandler
    let observer: any ServerObserver
    let mailbox: Mailbox

    var connections: [UInt64: Connection] = [:]
    var now = SystemClock.monotonic()
    private var lastToken = Descriptors.wakeToken
    private var events = [shoal_event](repeating: shoal_event(), count: eventCapacity)
    private var readBuffer = [UInt8](repeating: 0, count: readCapacity)
    private var date = (second: -1, text: "")
    private var nextScan = Double.infinity
    private var accepting = true
    private var acceptAgain = Double.infinity
    private var shutdown: (deadline: Double, completions: [@Sendable () -> Void])?

    init(
        _ descriptors: Descriptors, _ configuration: ServerConfiguration, _ mailbox: Mailbox,
        handler: any RequestHandler, observer: any ServerObserver
    ) {
        self.descriptors = descriptors
        self.configuration = configuration
        self.mailbox = mailbox
        self.handler = handler
        self.observer = observer
    }

    /// Serves until a shutdown is complete.
    func run() {
        while !isDone {
            let messages = mailbox.takeOrSleep()
            for message in messages { take(message) }
            if messages.isEmpty { wait() }
            now = SystemClock.monotonic()
            checkTimes()
        }
        finish()
    }

    private var isDone: Bool {
        guard let shutdown else { return false }
        return connections.isEmpty || now >= shutdown.deadline
    }

    private func wait() {
        let due = min(nextScan, acceptAgain, shutdown?.deadline ?? .infinity)
        let milliseconds = due == .infinity ? -1 : Int32(max(0, min((due - now) * 1000 + 1, 1e6)))
        let count = shoal_epoll_wait(
            descriptors.epoll, &events, Int32(Self.eventCapacity), milliseconds)
        mailbox.awoke()
        now = SystemClock.monotonic()
        for index in 0..<max(0, Int(count)) { react(events[index]) }
    }

    private func react(_ event: shoal_event) {
        switch event.token {
        case Descriptors.wakeToken: _ = shoal_eventfd_clear(descriptors.wake)
        case Descriptors.listenerToken: accept()
        default:
            guard let connection = connections[event.token] else { return }
            if event.events & (shoal_epollerr | shoal_epollhup) != 0 { return drop(connection) }
            if event.events & shoal_epollout != 0 { flush(connection) }
            if event.events & shoal_epollin != 0, connection.isOpen { read(connection) }
        }
    }

    private func take(_ message: Message) {
        switch message {
        case .answer(let id, let exchange, let response):
            guard let connection = connections[id], connection.current?.exchange === exchange
            else { return }
            let isHead = connection.current?.method == "HEAD"
            connection.current?.response = (
                response.route, response.status, isHead ? 0 : response.body.count
            )
            feed(connection, .answered(response, date: currentDate()))
        case .shutdown(let timeout, let completion): beginShutdown(timeout, completion)
        }
    }

    private func checkTimes() {
        if acceptAgain <= now { resumeAccepting() }
        guard nextScan <= now else { return }
        nextScan = .infinity
        for connection in Array(connections.values) {
            guard let deadline = connection.machine.deadline else { continue }
            if deadline <= now { feed(connection, .timer) } else { note(deadline) }
        }
    }

    private func note(_ deadline: Double) {
        nextScan = min(nextScan, max(deadline, now + Self.scanInterval))
    }

    private func currentDate() -> String {
        let second = SystemClock.secondsSince1970()
        if second != date.second {
            date = (second, HTTPDate.format(secondsSince1970: second))
        }
        return date.text
    }
}

// MARK: - Connections

extension EventLoop {
    private func read(_ connection: Connection) {
        guard connection.machine.wantsInput else { return }
        let count = readBuffer.withUnsafeMutableBytes { buffer in
            shoal_receive(connection.descriptor, buffer.baseAddress, buffer.count)
        }
        if count == -Int(EAGAIN) { return }
        guard count >= 0 else { return drop(connection) }
        feed(connection, count == 0 ? .endOfInput : .received(readBuffer[..<count]))
    }

    private func flush(_ connection: Connection) {
        switch connection.flush() {
        case .broken: drop(connection)
        case .waiting(let progress):
            if progress { feed(connection, .progressed) } else { updateInterest(connection) }
        case .drained:
            recordFinish(connection)
            feed(connection, .flushed)
        }
    }

    /// Lets the machine take an event and does what it says, until there is nothing left to do.
    private func feed(_ connection: Connection, _ event: ConnectionMachine.Event) {
        var actions = connection.machine.handle(event, now: now)
        var next = 0
        while next < actions.count, connection.isOpen {
            actions += perform(actions[next], connection)
            next += 1
        }
        guard connection.isOpen else { return }
        if let deadline = connection.machine.deadline { note(deadline) }
        updateInterest(connection)
    }

    private func perform(_ action: ConnectionMachine.Action, _ connection: Connection)
        -> [ConnectionMachine.Action]
    {
        switch action {
        case .send(let bytes):
            connection.queue(bytes)
            switch connection.flush() {
            case .broken: drop(connection)
            case .waiting: break
            case .drained:
                recordFinish(connection)
                return connection.machine.handle(.flushed, now: now)
            }
        case .deliver(let request):
            let exchange = Exchange(mailbox: mailbox, connection: connection.id)
            connection.current = .init(exchange: exchange, method: request.method, start: now)
            handler.handle(request, exchange)
        case .refuse(let failure):
            observer.failed(failure)
            let response = handler.response(to: failure)
            return connection.machine.handle(
                .answered(response, date: currentDate()), now: now)
        case .shutdownWrite: _ = shoal_shutdown_write(connection.descriptor)
        case .close: drop(connection)
        }
        return []
    }

    private func recordFinish(_ connection: Connection) {
        guard let current = connection.current, let response = current.response else { return }
        connection.current = nil
        observer.finished(
            RequestRecord(
                method: current.method, route: response.route, status: response.status,
                bodyBytes: response.bodyBytes, seconds: SystemClock.monotonic() - current.start))
    }

    private func updateInterest(_ connection: Connection) {
        let wanted =
            (connection.machine.wantsInput ? shoal_epollin : 0)
            | (connection.hasOutput ? shoal_epollout : 0)
        guard wanted != connection.interest else { return }
        connection.interest = wanted
        _ = shoal_epoll_modify(
            descriptors.epoll, connection.descriptor, wanted, connection.id)
    }

    /// Closes the socket and tells the handler of an unanswered request.
    private func drop(_ connection: Connection) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        connections[connection.id] = nil
        _ = shoal_close(connection.descriptor)
        connection.current?.exchange.cancel()
        observer.connectionClosed()
        if !accepting { resumeAccepting() }
    }
}

// MARK: - Accepting and shutting down

extension EventLoop {
    private func accept() {
        while connections.count < configuration.maximumConnections {
            var address = [CChar](repeating: 0, count: 64)
            let descriptor = shoal_accept(descriptors.listener, &address, address.count)
            if descriptor >= 0 {
                open(descriptor)
                continue
            }
            switch -descriptor {
            case EAGAIN: return
            case ECONNABORTED, EPROTO: continue  // It died in the queue.
            default:
                // EMFILE and its like would make a level-triggered loop spin.
                pauseAccepting(until: now + Self.acceptPause)
                return
            }
        }
        pauseAccepting(until: .infinity)
    }

    private func open(_ descriptor: Int32) {
        lastToken += 1
        _ = shoal_set_no_delay(descriptor)
        guard shoal_epoll_add(descriptors.epoll, descriptor, shoal_epollin, lastToken) >= 0 else {
            _ = shoal_close(descriptor)
            return
        }
        let connection = Connection(
            id: lastToken, descriptor: descriptor,
            machine: ConnectionMachine(
                limits: configuration.limits, timeouts: configuration.timeouts, now: now))
        connections[lastToken] = connection
        if let deadline = connection.machine.deadline { note(deadline) }
        observer.connectionOpened()
    }

    /// Stops looking at the listener, which would otherwise be reported ready again and again.
    private func pauseAccepting(until time: Double) {
        accepting = false
        acceptAgain = time
        _ = shoal_epoll_modify(
            descriptors.epoll, descriptors.listener, 0, Descriptors.listenerToken)
    }

    private func resumeAccepting() {
        acceptAgain = .infinity
        guard shutdown == nil else { return }
        accepting = true
        _ = shoal_epoll_modify(
            descriptors.epoll, descriptors.listener, shoal_epollin, Descriptors.listenerToken)
    }

    private func beginShutdown(_ timeout: Double, _ completion: @escaping @Sendable () -> Void) {
        let deadline = now + max(0, timeout)
        if let running = shutdown {
            shutdown = (min(running.deadline, deadline), running.completions + [completion])
            return
        }
        accept()
        shutdown = (deadline, [completion])
        acceptAgain = .infinity
        _ = shoal_close(descriptors.listener)
        for connection in Array(connections.values) {
            // A request that has already arrived is still served.
            read(connection)
            if connection.isOpen { feed(connection, .shuttingDown) }
        }
    }

    private func finish() {
        for connection in Array(connections.values) { drop(connection) }
        var completions = shutdown?.completions ?? []
        for case .shutdown(_, let completion) in mailbox.close() { completions.append(completion) }
        _ = shoal_close(descriptors.epoll)
        for completion in completions { completion() }
    }
}
