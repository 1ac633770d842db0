import CSystem
import System

/// What other threads tell the event loop.
enum Message: Sendable {
    case response(connection: UInt64, Exchange, Exchange.Piece)
    case shutdown(timeout: Double, completion: @Sendable () -> Void)
}

/// Messages to the event loop, which is woken through an eventfd only while it sleeps.
final class Mailbox: Sendable {
    private struct State {
        var messages: [Message] = []
        var asleep = false
        var closed = false
    }

    private let state = Lock(State())
    private let wake: Int32

    /// Takes over the eventfd, which stays open for as long as anyone may post.
    init(wake: Int32) {
        self.wake = wake
    }

    deinit {
        _ = shoal_close(wake)
    }

    /// Leaves a message; false once the loop has ended.
    @discardableResult
    func post(_ message: Message) -> Bool {
        let (isOpen, sleeps) = state.withLock { state in
            guard !state.closed else { return (false, false) }
            state.messages.append(message)
            defer { state.asleep = false }
            return (true, state.asleep)
        }
        // After the lock, which the woken loop takes at once.
        if sleeps { _ = shoal_eventfd_signal(wake) }
        return isOpen
    }

    /// The messages so far; when there are none the loop is about to sleep and must be woken.
    func takeOrSleep() -> [Message] {
        state.withLock { state in
            state.asleep = state.messages.isEmpty
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// The loop has been woken, by a message or otherwise.
    func awoke() {
        state.withLock { $0.asleep = false }
    }

    /// Refuses messages from now on, and returns those left.
    func close() -> [Message] {
        state.withLock { state in
            state.closed = true
            defer { state.messages = [] }
            return state.messages
        }
    }
}
