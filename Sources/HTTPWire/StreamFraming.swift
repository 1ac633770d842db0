/// How the body of a response that comes in parts is laid out (RFC 9112 §6.3).
enum StreamFraming: Sendable, Equatable {
    /// There is none: HEAD, 204 and 304.
    case noBody
    /// Each part is a chunk.
    case chunked
    /// The parts as they are, ended by the close of the connection: HTTP/1.0 knows no chunks.
    case untilClose

    init(status: Int, _ context: ResponseContext) {
        if !ResponseSerializer.sendsBody(status: status, isHead: context.isHead) {
            self = .noBody
        } else {
            self = context.minorVersion == 0 ? .untilClose : .chunked
        }
    }

    /// The field that announces the layout.
    var field: String? { self == .chunked ? "Transfer-Encoding: chunked" : nil }

    /// A part on its way; an empty one is nothing, as an empty chunk would end the body.
    func frame(_ part: [UInt8]) -> [UInt8] {
        guard self != .noBody, !part.isEmpty else { return [] }
        guard self == .chunked else { return part }
        return Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
    }

    /// What follows the last part.
    var end: [UInt8] { self == .chunked ? Array("0\r\n\r\n".utf8) : [] }
}
