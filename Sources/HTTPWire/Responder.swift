/// The way back to the client of one request: one response, whole or in parts.
///
/// Everything may be called from any thread and never waits for the client. The response is given once:
/// by `respond`, or by `begin`, any number of `write` and then `end`. Calls out of this order, and calls
/// after the client has gone, do nothing.
public protocol Responder: Sendable {
    /// Gives the whole response.
    func respond(_ response: ServerResponse)

    /// Gives the head of a response whose body follows in parts, which go out as they come.
    ///
    /// - Parameter response: status, fields, and the first part of the body, which may be empty.
    func begin(_ response: ServerResponse)

    /// Gives the next part of the body.
    func write(_ bytes: [UInt8])

    /// Ends the body.
    ///
    /// - Parameter logFields: what is known only now, beside the log fields of the response that began it.
    func end(logFields: [LogField])

    /// Runs an action, once, if the client goes away before the response is complete: it must not block;
    /// at once if the client has already gone.
    func onCancel(_ action: @escaping @Sendable () -> Void)
}
