import FuzzSupport
import HTTPTypes
@testable import HTTPWire

/// What the parser makes of a stream of bytes, in full.
private struct Outcome: Equatable {
    private struct Request: Equatable {
        let method: String
        let target: String
        let path: String
        let query: String?
        let fields: HTTPFields
        let body: [UInt8]
        let keepAlive: Bool
    }

    private var requests: [Request] = []
    private var failure: HTTPFailure?
    private var isIdle = false

    init(of pieces: [ArraySlice<UInt8>], limits: HTTPLimits) {
        var parser = RequestParser(limits: limits)
        do {
            for piece in pieces {
                parser.append(piece)
                while let event = try parser.next() { see(event, limits) }
                // What is left of an appended piece is part of one line.
                precondition(parser.buffered <= limits.headBytes)
                precondition(parser.bodyReceived <= limits.bodyBytes)
            }
            isIdle = parser.isIdle
        } catch {
            failure = error
        }
    }

    private mutating func see(_ event: RequestParser.Event, _ limits: HTTPLimits) {
        guard case .request(let request) = event else { return }
        precondition(request.body.count <= limits.bodyBytes)
        // The limit counts lines; an absolute target adds the Host that HTTP/1.0 may leave out.
        precondition(request.fields.count <= limits.fields + 1)
        precondition(request.target.utf8.count <= limits.targetBytes)
        precondition(request.path == "*" || request.path.utf8.first == UInt8(ascii: "/"))
        requests.append(
            Request(
                method: request.method, target: request.target, path: request.path,
                query: request.query, fields: request.fields, body: request.body,
                keepAlive: request.head.keepAlive))
    }
}

/// Limits that generated input reaches.
private let narrow: HTTPLimits = {
    var limits = HTTPLimits()
    limits.headBytes = 256
    limits.fields = 5
    limits.targetBytes = 64
    limits.bodyBytes = 32
    limits.chunkLineBytes = 24
    limits.trailerBytes = 48
    return limits
}()

/// The outcome depends on the bytes only, not on their splits, and nothing grows beyond its limit.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequests(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = FuzzInput(start, count)
    for limits in [HTTPLimits(), narrow] {
        let whole = Outcome(of: [input.bytes[...]], limits: limits)
        precondition(Outcome(of: input.pieces, limits: limits) == whole)
    }
    return 0
}
