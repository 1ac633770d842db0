import HTTPTypes
import HTTPWire
import Testing

@Suite("Response serialiser")
struct ResponseSerializerTests {
    private func text(
        _ response: ServerResponse, isHead: Bool = false, keepAlive: Bool = true
    ) -> String {
        let context = ResponseContext(isHead: isHead, keepAlive: keepAlive, date: "D")
        return String(decoding: ResponseSerializer.bytes(response, context), as: UTF8.self)
    }

    @Test("A response has status, date, its fields, its length and its body")
    func plain() throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let response = ServerResponse(status: 200, fields: [name: "7"], body: Array("hi".utf8))
        #expect(
            text(response)
                == "HTTP/1.1 200 OK\r\nDate: D\r\nX-Request-Id: 7\r\nContent-Length: 2\r\n\r\nhi")
        #expect(text(response, isHead: true).hasSuffix("Content-Length: 2\r\n\r\n"))
        #expect(text(response, keepAlive: false).contains("\r\nConnection: close\r\n"))
    }

    @Test("204 and 304 have no body and no length", arguments: [204, 304])
    func withoutBody(status: Int) {
        let response = text(ServerResponse(status: status, body: [1]))
        #expect(!response.contains("Content-Length"))
        #expect(response.hasSuffix("\r\n\r\n"))
    }

    @Test("A value cannot begin a new line, and framing fields are ours")
    func injection() throws {
        let name = try #require(HTTPField.Name("A"))
        var response = ServerResponse(status: 200, fields: [name: "b\r\nSet-Cookie: c"])
        response.fields[.contentLength] = "999"
        response.fields[.transferEncoding] = "chunked"
        response.fields[.connection] = "upgrade"
        let result = text(response)
        #expect(!result.contains("\nSet-Cookie"))
        #expect(result.contains("\r\nContent-Length: 0\r\n"))
        #expect(!result.contains("chunked") && !result.contains("upgrade"))
    }

    @Test("A status that is no final one becomes 500", arguments: [0, 100, 600, -1])
    func wrongStatus(status: Int) {
        #expect(text(ServerResponse(status: status)).hasPrefix("HTTP/1.1 500 "))
    }

    @Test(
        "Dates are written as RFC 9110 has them",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (Int.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (Int.min, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ])
    func dates(seconds: Int, expected: String) {
        #expect(HTTPDate.format(secondsSince1970: seconds) == expected)
    }
}
