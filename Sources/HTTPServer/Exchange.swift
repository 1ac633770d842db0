public import HTTPWire
import Threads

/// The way back to the client of one request.
public final class Exchange: Sendable {
    private enum State {
        case open([@Sendable () -> Void])
        case answered
        case cancelled
    }

    private let state = Lock(State.open([]))
    private let mailbox: Mailbox
    private let connection: UInt64

    init(mailbox: Mailbox, connection: UInt64) {
        self.mailbox = mailbox
        self.connection = connection
    }

    /// Answers the request, once, from any thread, without waiting for the response to be sent.
    ///
    /// Later calls, and calls after the client has gone, do nothing.
    public func respond(_ response: ServerResponse) {
        let first = state.withLock { state in
            guard case .open = state else { return false }
            state = .answered
            return true
        }
        if first { mailbox.post(.answer(connection: connection, self, response)) }
    }

    /// Runs an action, once, if the client goes away before the answer: on the event loop, where it
    /// must not block, or at once if the client has already gone.
    public func onCancel(_ action: @escaping @Sendable () -> Void) {
        let gone = state.withLock { state in
            switch state {
            case .open(let actions):
                state = .open(actions + [action])
                return false
            case .answered: return false
            case .cancelled: return true
            }
        }
        if gone { action() }
    }

    /// The client has gone.
    func cancel() {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard case .open(let actions) = state else { return [] }
            state = .cancelled
            return actions
        }
        for action in actions { action() }
    }
}
