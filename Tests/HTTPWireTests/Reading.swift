import HTTPWire

/// What a server that stops with the connection makes of a stream of bytes.
struct Reading: Equatable, CustomStringConvertible {
    enum End: Equatable {
        case complete
        /// Bytes of an unfinished request are left.
        case incomplete
        case refused(status: Int)
        /// The connection does not persist, and bytes follow its last request.
        case dropped
    }

    /// Each as "METHOD target body".
    private(set) var requests: [String] = []
    private(set) var end = End.complete

    /// Feeds the pieces to a fresh parser until the connection would close.
    init(of pieces: [ArraySlice<UInt8>]) {
        var parser = RequestParser(limits: HTTPLimits())
        do {
            for (index, piece) in pieces.enumerated() {
                parser.append(piece)
                while let event = try parser.next() {
                    guard case .request(let request) = event else { continue }
                    requests.append(Self.line(request))
                    guard !request.head.keepAlive else { continue }
                    let isLast = parser.buffered == 0 && index == pieces.count - 1
                    end = isLast ? .complete : .dropped
                    return
                }
            }
            end = parser.isIdle ? .complete : .incomplete
        } catch {
            end = .refused(status: error.status)
        }
    }

    var description: String {
        let last =
            switch end {
            case .complete: "nothing more"
            case .incomplete: "an incomplete one"
            case .refused(let status): "refused with \(status)"
            case .dropped: "the rest dropped"
            }
        return requests.isEmpty ? last : "\(requests.count) served, then \(last)"
    }

    private static func line(_ request: ServerRequest) -> String {
        let body = String(decoding: request.body, as: UTF8.self)
        return [request.method, request.target, body].filter { !$0.isEmpty }
            .joined(separator: " ")
    }
}
