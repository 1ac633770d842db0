import HTTPTypes
import HTTPWire
import System
import TestSupport

/// A way back to a client that keeps what it is given.
final class Recorder: Responder {
    struct State {
        var head: ServerResponse?
        var parts: [[UInt8]] = []
        var hasEnded = false
        var isHeldUp = false
        var hasLeft = false
        var cancelActions: [@Sendable () -> Void] = []
    }

    private let state: Monitor<State>

    /// - Parameter holdsUp: whether whoever answers has to wait for `letGo`.
    init(holdsUp: Bool = false) {
        state = Monitor(State(isHeldUp: holdsUp))
    }

    func respond(_ response: ServerResponse) {
        state.change {
            $0.head = response
            $0.hasEnded = true
        }
        state.waitLimited { $0.isHeldUp ? nil : () }
    }

    func begin(_ response: ServerResponse) {
        state.change { $0.head = response }
        state.waitLimited { $0.isHeldUp ? nil : () }
    }

    func write(_ bytes: [UInt8]) { state.change { $0.parts.append(bytes) } }

    func end(logFields: [LogField]) {
        state.change {
            $0.head?.logFields += logFields
            $0.hasEnded = true
        }
    }

    func onCancel(_ action: @escaping @Sendable () -> Void) {
        let hasLeft = state.change { state in
            if !state.hasLeft { state.cancelActions.append(action) }
            return state.hasLeft
        }
        if hasLeft { action() }
    }

    /// The client goes away.
    func leave() {
        let actions = state.change { state in
            state.hasLeft = true
            return state.cancelActions
        }
        for action in actions { action() }
    }

    func letGo() { state.change { $0.isHeldUp = false } }

    /// Whether anything has come back.
    var hasHead: Bool { state.withLock { $0.head != nil } }

    /// The head, once it is there.
    var head: ServerResponse { state.waitLimited { $0.head } }

    /// The head, once the answer is complete.
    var finished: ServerResponse { state.waitLimited { $0.hasEnded ? $0.head : nil } }

    /// The body so far.
    var text: String {
        state.withLock { state in
            String(decoding: (state.head?.body ?? []) + state.parts.joined(), as: UTF8.self)
        }
    }
}
