public import HTTPWire
import System

/// The way back to the client of one request.
public final class Exchange: Responder {
    /// What a handler gives of a response, on its way to the event loop.
    enum Piece: Sendable {
        case whole(ServerResponse)
        case head(ServerResponse)
        case part([UInt8])
        case end([LogField])
    }

    private enum Progress {
        case untouched
        case begun
        case complete
    }

    private struct State {
        var progress = Progress.untouched
        var isCancelled = false
        var cancelActions: [@Sendable () -> Void] = []
    }

    private let state = Lock(State())
    private let mailbox: Mailbox
    private let connection: UInt64

    init(mailbox: Mailbox, connection: UInt64) {
        self.mailbox = mailbox
        self.connection = connection
    }

    /// Answers the request, once, from any thread, without waiting for the response to be sent.
    public func respond(_ response: ServerResponse) {
        give(.whole(response), from: .untouched, to: .complete)
    }

    /// Sends the head and the first part of the body; the connection is cut when the client leaves
    /// more than `HTTPLimits.unsentStreamBytes` of the response unread.
    public func begin(_ response: ServerResponse) {
        give(.head(response), from: .untouched, to: .begun)
    }

    /// Sends the next part; parts given in one go travel together.
    public func write(_ bytes: [UInt8]) { give(.part(bytes), from: .begun, to: .begun) }

    /// Ends the body.
    public func end(logFields: [LogField] = []) {
        give(.end(logFields), from: .begun, to: .complete)
    }

    /// Runs an action, once, if the client goes away before the response was given to its end: on the
    /// event loop, where it must not block, or at once if the client has already gone.
    public func onCancel(_ action: @escaping @Sendable () -> Void) {
        let hasGone = state.withLock { state in
            if state.isCancelled { return true }
            if state.progress != .complete { state.cancelActions.append(action) }
            return false
        }
        if hasGone { action() }
    }

    /// The client has gone; what the handler still gives is passed on, as the client may yet read.
    func cancel() {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard state.progress != .complete else { return [] }
            state.isCancelled = true
            defer { state.cancelActions = [] }
            return state.cancelActions
        }
        for action in actions { action() }
    }

    /// Posts under the lock, so that pieces given by several threads keep the order of their states.
    private func give(_ piece: Piece, from expected: Progress, to next: Progress) {
        state.withLock { state in
            guard state.progress == expected else { return }
            state.progress = next
            if next == .complete { state.cancelActions = [] }
            mailbox.post(.response(connection: connection, self, piece))
        }
    }
}
