import CSystem
import Glibc
import HTTPWire

extension EventLoop {
    /// Pause of accept, in seconds, when all places are taken by requests, or the system has no descriptor
    /// or memory left for one and no connection can be spared.
    private static let acceptPause = 0.1

    /// Newcomers that one look at a listener takes in, so that a flood of them does not keep the loop from those who are there.
    private static let acceptBurst = 256

    /// Takes in those who wait at a listener, up to a bound; epoll reports the others again.
    func accept(at index: Int, atMost bound: Int = acceptBurst) {
        let entrance = entrances[index]
        let most = configuration.maximumConnections + entrance.extraConnections
        var spares: [Connection]?
        for taken in 0... {
            guard taken < bound else { return }
            var spare: Connection?
            if connections.count >= most {
                spare = nextSpare(&spares)
                if spare == nil { break }
            }
            var address = [CChar](repeating: 0, count: Listener.addressBytes)
            let descriptor = shoal_accept(
                entrance.listener.descriptor, &address, address.count)
            if descriptor == -EAGAIN { return }
            // It died in the queue.
            if descriptor == -ECONNABORTED || descriptor == -EPROTO { continue }
            guard descriptor >= 0 else {
                // The system asks for a descriptor before it looks whether anybody waits.
                guard shoal_is_readable(entrance.listener.descriptor) != 0 else { return }
                // EMFILE, ENFILE and their like: as at the maximum, the newcomer takes another's place.
                guard let spare = spare ?? nextSpare(&spares) else { break }
                drop(spare)
                continue
            }
            if let spare { drop(spare) }
            open(
                AcceptedSocket(
                    descriptor: descriptor, peerAddress: Listener.text(of: address)), entrance)
        }
        // A level-triggered loop would spin otherwise.
        pauseAccepting(at: index, until: now + Self.acceptPause)
    }

    /// The connection to give up for a new one, so that clients who send nothing, or a request byte
    /// by byte, cannot take all places.
    ///
    /// - Parameter spares: those that can be spared, the first to go last; nil before the first call
    ///   of a burst, so that newcomers never push out each other.
    /// - Returns: one that still has no request; nil when there is none.
    private func nextSpare(_ spares: inout [Connection]?) -> Connection? {
        var rest = spares ?? expendableConnections()
        defer { spares = rest }
        while let connection = rest.popLast() {
            let before = connection.expendability
            // A request that has already arrived is still served, and a body that moves goes on.
            read(connection)
            if connection.isOpen, connection.expendability == before { return connection }
        }
        return nil
    }

    /// The one to give up first is the last; of those that came in one burst, at the same time, the one that came first.
    private func expendableConnections() -> [Connection] {
        connections.values
            .compactMap { connection in connection.expendability.map { (connection, $0) } }
            .sorted { ($0.1, $0.0.id) > ($1.1, $1.0.id) }
            .map { $0.0 }
    }

    private func open(_ socket: AcceptedSocket, _ entrance: Entrance) {
        lastToken += 1
        _ = shoal_set_no_delay(socket.descriptor)
        guard let transport = entrance.makeTransport(),
            shoal_epoll_add(descriptors.epoll, socket.descriptor, shoal_epollin, lastToken) >= 0
        else {
            _ = shoal_close(socket.descriptor)
            return
        }
        let connection = Connection(
            id: lastToken, socket: socket, transport: transport,
            handler: entrance.handler, configuration: configuration, now: now)
        connections[lastToken] = connection
        if let deadline = connection.deadline { note(deadline) }
        observer.connectionOpened()
    }

    /// Stops looking at a listener, which would otherwise be reported ready again and again.
    private func pauseAccepting(at index: Int, until time: Double) {
        entrances[index].isPaused = true
        acceptAgain = min(acceptAgain, time)
        watch(index, for: 0)
    }

    /// Looks at the listeners again that were let alone for a while.
    func resumeAccepting() {
        acceptAgain = .infinity
        guard shutdown == nil else { return }
        for index in entrances.indices where entrances[index].isPaused {
            entrances[index].isPaused = false
            watch(index, for: shoal_epollin)
        }
    }

    private func watch(_ index: Int, for events: UInt32) {
        _ = shoal_epoll_modify(
            descriptors.epoll, entrances[index].listener.descriptor, events,
            Descriptors.token(ofListener: index))
    }

    func beginShutdown(_ timeout: Double, _ completion: @escaping @Sendable () -> Void) {
        let deadline = now + max(0, timeout)
        if let running = shutdown {
            shutdown = (min(running.deadline, deadline), running.completions + [completion])
            return
        }
        for index in entrances.indices { accept(at: index, atMost: Int(Listener.backlog)) }
        shutdown = (deadline, [completion])
        acceptAgain = .infinity
        for entrance in entrances { entrance.listener.close() }
        for connection in Array(connections.values) {
            // A request that has already arrived is still served.
            read(connection)
            if connection.isOpen { feed(connection, .shuttingDown) }
        }
    }

    func finish() {
        for connection in Array(connections.values) { drop(connection) }
        var completions = shutdown?.completions ?? []
        for case .shutdown(_, let completion) in mailbox.close() { completions.append(completion) }
        _ = shoal_close(descriptors.epoll)
        for completion in completions { completion() }
    }
}
