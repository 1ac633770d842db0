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

    let descriptors: Descriptors
    let configuration: ServerConfiguration
    let observer: any ServerObserver
    let mailbox: Mailbox
    /// One for each listener, in their order.
    var entrances: [Entrance]

    var connections: [UInt64: Connection] = [:]
    var now = SystemClock.monotonic()
    var lastToken: UInt64
    var acceptAgain = Double.infinity
    var shutdown: (deadline: Double, completions: [@Sendable () -> Void])?
    var readBuffer = [UInt8](repeating: 0, count: readCapacity)
    /// Connections with fresh output, which is sent before the loop waits again.
    var queued: [Connection] = []
    private var events = [shoal_event](repeating: shoal_event(), count: eventCapacity)
    private var date = (second: -1, text: "")
    private var nextScan = Double.infinity

    init(
        _ descriptors: Descriptors, _ configuration: ServerConfiguration, _ mailbox: Mailbox,
        _ entrances: [Entrance], _ observer: any ServerObserver
    ) {
        self.descriptors = descriptors
        self.configuration = configuration
        self.mailbox = mailbox
        self.entrances = entrances
        self.observer = observer
        lastToken = Descriptors.token(ofListener: entrances.count)
    }

    /// Serves until a shutdown is complete.
    func run() {
        while !isDone {
            let messages = mailbox.takeOrSleep()
            for message in messages { take(message) }
            // A flood of messages must not keep the loop from its sockets.
            wait(atMost: messages.isEmpty ? .infinity : 0)
            checkTimes()
            flushQueued()
        }
        finish()
    }

    private var isDone: Bool {
        guard let shutdown else { return false }
        return connections.isEmpty || now >= shutdown.deadline
    }

    private func wait(atMost most: Double) {
        let due = min(nextScan, acceptAgain, shutdown?.deadline ?? .infinity)
        let seconds = min(max(0, due - now), most)
        let milliseconds =
            seconds == .infinity ? -1 : Int32(min((seconds * 1000).rounded(.up), 1e6))
        let count = shoal_epoll_wait(
            descriptors.epoll, &events, Int32(Self.eventCapacity), milliseconds)
        mailbox.awoke()
        now = SystemClock.monotonic()
        for index in 0..<max(0, Int(count)) { react(events[index]) }
    }

    private func react(_ event: shoal_event) {
        if event.token == Descriptors.wakeToken {
            _ = shoal_eventfd_clear(descriptors.wake)
        } else if let index = descriptors.listener(of: event.token) {
            accept(at: index)
        } else if let connection = connections[event.token] {
            if event.events & (shoal_epollerr | shoal_epollhup) != 0 { return drop(connection) }
            if event.events & shoal_epollout != 0 { flush(connection) }
            if event.events & shoal_epollin != 0, connection.isOpen { read(connection) }
        }
    }

    private func take(_ message: Message) {
        switch message {
        case .response(let id, let exchange, let piece):
            guard let connection = connections[id], connection.current?.exchange === exchange,
                let event = connection.current?.take(piece, date: currentDate())
            else { return }
            feed(connection, event)
        case .shutdown(let timeout, let completion): beginShutdown(timeout, completion)
        }
    }

    private func checkTimes() {
        if acceptAgain <= now { resumeAccepting() }
        guard nextScan <= now else { return }
        nextScan = .infinity
        for connection in Array(connections.values) {
            guard let deadline = connection.deadline else { continue }
            if deadline > now {
                note(deadline)
            } else if connection.isHandshaking {
                drop(connection)
            } else {
                feed(connection, .timer)
            }
        }
    }

    func note(_ deadline: Double) {
        nextScan = min(nextScan, max(deadline, now + Self.scanInterval))
    }

    func currentDate() -> String {
        let second = SystemClock.secondsSince1970()
        if second != date.second {
            date = (second, HTTPDate.format(secondsSince1970: second))
        }
        return date.text
    }
}
