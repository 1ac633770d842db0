import JSON
import TestSupport
import Testing
import TranslationAPI

private let formType = "application/x-www-form-urlencoded"
private let multipartType = "multipart/form-data; boundary=x"

/// A form of fields in parts.
func multipart(_ fields: [(name: String, value: String)], file: (name: String, text: String)? = nil)
    -> String
{
    let parts = fields.map {
        "--x\r\nContent-Disposition: form-data; name=\"\($0.name)\"\r\n\r\n\($0.value)\r\n"
    }
    let filePart = file.map {
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\($0.name)\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n\($0.text)\r\n"
    }
    return parts.joined() + (filePart ?? "") + "--x--\r\n"
}

@Suite("Fields in forms and in the query", .timeLimit(.minutes(10)))
struct FormTests {
    @Test(
        "The same fields mean the same in JSON, in either form, in the query, and in parts of both")
    func equal() throws {
        let server = try TestServer()
        let fields = [
            ("q", "Zwei Hunde."), ("source", "de"), ("target", "en"), ("alternatives", "1"),
        ]
        let wanted = try json(
            server.translate(#"{"q":"Zwei Hunde.","source":"de","target":"en","alternatives":1}"#))
        let query = "q=Zwei+Hunde.&source=de&target=en&alternatives=1"
        let answers = try [
            server.post("/translate", query, type: formType),
            server.post("/translate", multipart(fields), type: multipartType),
            server.ask("POST", "/translate?\(query)", body: []),
            server.ask("POST", "/translate?\(query)"),
            server.post(
                "/translate?source=de&target=en", "q=Zwei+Hunde.&alternatives=1", type: formType),
            server.post(
                "/translate?source=de&target=en", multipart([fields[0], fields[3]]),
                type: multipartType),
        ]
        for answer in answers {
            #expect(answer.status == 200)
            #expect(try json(answer) == wanted)
        }
        server.close()
    }

    @Test(
        "A form that is none is refused in LibreTranslate's shape, or before its shape is known",
        arguments: [
            ("q=a&q=b", formType), ("q=%zz", formType), ("", multipartType), ("q=a", multipartType),
            ("--x\r\n\r\nq\r\n--x--", multipartType), ("--x--", "multipart/form-data"),
            (multipart([("q", "a"), ("q", "b")]), multipartType),
            (multipart([("target", "en")]), multipartType),
            (multipart([("q", "a"), ("other", "b")]), multipartType),
        ])
    func malformed(_ entry: (body: String, type: String)) throws {
        let server = try TestServer()
        let response = try server.post("/translate", entry.body, type: entry.type)
        #expect(response.status == 400)
        #expect(try json(response)["error"] != nil)
        server.close()
    }

    @Test(
        "A name that a form and its query have both is refused, and a query beside JSON is not read"
    )
    func both() throws {
        let server = try TestServer()
        #expect(try server.post("/translate?q=a", "q=b&target=en", type: formType).status == 400)
        #expect(try server.ask("POST", "/translate?q=%FF", body: []).status == 400)
        let plain = try json(server.translate(#"{"q":"Zwei Hunde."}"#))
        #expect(try json(server.post("/translate?q=b&x=1", #"{"q":"Zwei Hunde."}"#)) == plain)
        server.close()
    }

    @Test("Changed bytes of a form never crash the server", arguments: 0..<40)
    func mutated(_ seed: Int) throws {
        let server = try TestServer()
        var random = SeededGenerator(seed: UInt64(seed))
        var bytes = Array(multipart([("q", "Hund."), ("target", "en")], file: ("a.txt", "x")).utf8)
        for _ in 0..<4 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                UInt8.random(in: 0...255, using: &random)
        }
        for path in ["/translate", "/translate_file", "/v2/translate", "/detect"] {
            let answer = try server.ask(
                "POST", path, body: bytes, fields: "Content-Type: \(multipartType)\r\n")
            #expect((200..<500).contains(answer.status))
        }
        server.close()
    }
}
