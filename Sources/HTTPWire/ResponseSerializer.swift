import HTTPTypes

/// How a response meets its request: what the serialiser must know besides the response.
package struct ResponseContext: Sendable {
    package var isHead = false
    /// Minor version of the request; 1.0 must be told that the connection persists.
    package var minorVersion = 1
    package var keepAlive = true
    /// An IMF-fixdate for the Date field.
    package var date: String

    package init(
        isHead: Bool = false, minorVersion: Int = 1, keepAlive: Bool = true, date: String
    ) {
        self.isHead = isHead
        self.minorVersion = minorVersion
        self.keepAlive = keepAlive
        self.date = date
    }
}

/// Turns responses into bytes (RFC 9112 §4 to §6).
package enum ResponseSerializer {
    /// The interim response to `Expect: 100-continue` (RFC 9110 §15.2.1).
    package static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The whole response.
    package static func bytes(_ response: ServerResponse, _ context: ResponseContext) -> [UInt8] {
        let hasBody = sendsBody(status: response.status, isHead: false)
        let length = hasBody ? "Content-Length: \(response.body.count)" : nil
        var output = head(response, context, framing: length)
        if hasBody, !context.isHead { output += response.body }
        return output
    }

    /// The head alone, with its blank line.
    ///
    /// Framing, date and connection fields of the response are replaced by ours, and control bytes
    /// in a value become spaces, so nothing can be injected.
    ///
    /// - Parameters:
    ///   - response: gives status and fields.
    ///   - context: how the response meets its request.
    ///   - framing: the field line that says where the body ends, without its CRLF.
    /// - Returns: the bytes to send.
    static func head(_ response: ServerResponse, _ context: ResponseContext, framing: String?)
        -> [UInt8]
    {
        let status = finalStatus(response.status)
        var output: [UInt8] = []
        output.reserveCapacity(256 + response.body.count)
        output += "HTTP/1.1 \(status) \(reason(status))\r\nDate: ".utf8
        output += context.date.utf8
        output += crlf
        for field in response.fields where !ours.contains(field.name.canonicalName) {
            output += field.name.rawName.utf8
            output += [UInt8(ascii: ":"), ASCII.space]
            let start = output.count
            output += field.value.utf8
            for place in start..<output.count where ASCII.isControl(output[place]) {
                output[place] = ASCII.space
            }
            output += crlf
        }
        if let framing { output += "\(framing)\r\n".utf8 }
        if !context.keepAlive {
            output += "Connection: close\r\n".utf8
        } else if context.minorVersion == 0 {
            output += "Connection: keep-alive\r\n".utf8
        }
        output += crlf
        return output
    }

    /// Whether the body of a response is sent at all (RFC 9110 §6.4.1).
    package static func sendsBody(status: Int, isHead: Bool) -> Bool {
        !isHead && status != 204 && status != 304
    }

    private static func finalStatus(_ status: Int) -> Int { 200...599 ~= status ? status : 500 }

    private static let crlf = [ASCII.carriageReturn, ASCII.lineFeed]
    private static let ours: Set = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "date", "trailer",
        "upgrade",
    ]

    private static func reason(_ status: Int) -> String { reasons[status] ?? "" }

    private static let reasons = [
        200: "OK", 202: "Accepted", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        406: "Not Acceptable", 408: "Request Timeout", 413: "Content Too Large",
        414: "URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed",
        422: "Unprocessable Content", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 503: "Service Unavailable", 504: "Gateway Timeout",
        505: "HTTP Version Not Supported",
    ]
}
