import FuzzSupport
@testable import HTTPWire

/// A connection whose peer sends these pieces and whose handler answers at once.
private struct Conversation {
    private var machine = ConnectionMachine(
        limits: HTTPLimits(), timeouts: HTTPTimeouts(), now: 0)
    /// What was delivered and refused.
    private(set) var log: [String] = []
    private var owesAnswer = false
    private var isClosed = false

    init(_ pieces: [ArraySlice<UInt8>]) {
        for piece in pieces {
            guard !isClosed else { return }
            // Every answer has gone out, so nothing holds the input up.
            precondition(machine.wantsInput)
            handle(.received(piece))
            while owesAnswer { answer() }
        }
        guard !isClosed else { return }
        handle(.endOfInput)
        while owesAnswer { answer() }
        precondition(isClosed)
    }

    private mutating func answer() {
        owesAnswer = false
        handle(.answered(ServerResponse(status: 200), date: ""))
        handle(.flushed)
    }

    private mutating func handle(_ event: ConnectionMachine.Event) {
        for action in machine.handle(event, now: 0) {
            precondition(!isClosed, "an action after the close")
            switch action {
            case .deliver(let request): expectAnswer("\(request.method) \(request.target)")
            case .refuse(let failure, _): expectAnswer("\(failure)")
            case .close: isClosed = true
            default: break
            }
        }
        precondition(isClosed || owesAnswer || machine.deadline != nil, "stuck")
    }

    private mutating func expectAnswer(_ text: String) {
        precondition(!owesAnswer, "a request before the last answer")
        owesAnswer = true
        log.append(text)
    }
}

/// Requests are delivered one at a time, the same ones however the bytes are split, and the connection
/// always comes to its end.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConnection(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    let whole = input.bytes.isEmpty ? [] : [input.bytes[...]]
    precondition(Conversation(whole).log == Conversation(input.pieces).log)
    return 0
}
