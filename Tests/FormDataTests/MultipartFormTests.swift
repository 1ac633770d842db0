import FormData
import TestSupport
import Testing

private let type = "multipart/form-data; boundary=x"

/// A part as it is written.
private func part(_ head: String, _ content: String) -> String {
    "--x\r\n\(head)\r\n\r\n\(content)\r\n"
}

private func field(_ name: String, _ content: String) -> String {
    part("Content-Disposition: form-data; name=\"\(name)\"", content)
}

private func form(
    _ body: String, type: String = type, limits: FormLimits = FormLimits()
) throws(FormError) -> MultipartForm {
    try MultipartForm(Array(body.utf8), contentType: type, limits: limits)
}

@Suite("Forms with files", .timeLimit(.minutes(10)))
struct MultipartFormTests {
    @Test("Fields and files come in their order, as their senders wrote them")
    func reads() throws {
        let file =
            "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\""
        let read = try form(
            field("q", "Größe\r\n--\r\n--") + part(file, "1\r\n-x") + field("q", "")
                + "--x--\r\n")
        #expect(read.fields == [FormField("q", "Größe\r\n--\r\n--"), FormField("q", "")])
        #expect(
            read.files == [
                FormFile(
                    field: "file", name: "a.txt", type: "text/plain; charset=iso-8859-1",
                    bytes: Array("1\r\n-x".utf8))
            ])
    }

    @Test(
        "Names are read as browsers, curl and older libraries write them",
        arguments: [
            ("name=file; filename=a.txt", "a.txt"), ("name=\"file\"; filename=\"\"", ""),
            ("name=\"file\"; filename=\"a\\\"b.txt\"", "a\"b.txt"),
            ("name=\"file\"; filename=\"a%22b%0D%0A.txt\"", "a\"b\r\n.txt"),
            ("name=\"file\"; filename=\"C:\\new\\a.txt\"", "C:\\new\\a.txt"),
            ("name=\"file\"; filename=\"größe; 1.txt\";", "größe; 1.txt"),
            ("NAME=\"file\" ;\tFileName*=utf-8'de'%C3%A4.po", "ä.po"),
            ("filename=\"x\"; filename*=UTF-8''y; name=\"file\"", "y"),
        ])
    func names(_ entry: (parameters: String, name: String)) throws {
        let read = try form(
            part("content-disposition:form-data; \(entry.parameters)", "1") + "--x--")
        #expect(read.files.map(\.name) == [entry.name])
        #expect(read.files.map(\.field) == ["file"])
    }

    @Test(
        "Blanks behind a boundary, and empty lines before the first and behind the last, do no harm"
    )
    func blanks() throws {
        let head = "Content-Disposition: form-data; name=\"q\"\r\nX-Other: 1"
        let body = "\r\n--x \t\r\n\(head)\r\n\r\n--x--  \r\n"
        #expect(try form(body).fields == [FormField("q", "")])
        #expect(try form("--x--").fields.isEmpty)
        let quoted = "Multipart/Form-Data; a=b; boundary=\"x y'()+_,-./:=?z\""
        #expect(
            try form("--x y'()+_,-./:=?z--\r\n", type: quoted).fields.isEmpty)
    }

    static let broken = [
        "", "x", "--x", "--x\r\n", "--y--\r\n", "--x-", "--xy\r\n", "--x--x", "--x--\r\nx",
        "--x--\r\n\r\n", "before\r\n--x--", "--x\n--x--",
        field("q", "1"), field("q", "1") + "--x", field("q", "1") + "--x-x",
        field("q", "1\r\n--xy") + "--x--",
        field("q", "1").replacing("\r\n", with: "\n") + "--x--",
        part("", "1") + "--x--", part("Content-Type: text/plain", "1") + "--x--",
        part("Content-Disposition: attachment; name=\"q\"", "1") + "--x--",
        part("Content-Disposition: form-data", "1") + "--x--",
        part("Content-Disposition: form-data; name", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\" x", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\"; name=\"q\"", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\"; filename*=x", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\"; filename*=UTF-8''%4", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\"; filename*=UTF-8''%FF", "1") + "--x--",
        part(
            "Content-Disposition: form-data; name=\"q\"\r\nContent-Disposition: form-data; name=\"p\"",
            "")
            + "--x--",
        part("Content-Disposition: form-data; name=\"q\"\r\n folded: 1", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\"\r\nno colon", "1") + "--x--",
        part("Content-Disposition: form-data; name=\"q\"\r\nX: \u{1}", "1") + "--x--",
        part(
            "Content-Disposition: form-data; name=\"q\"\r\nContent-Transfer-Encoding: base64",
            "MQ==")
            + "--x--",
        part(
            "Content-Disposition: form-data; name=\"q\"\r\nContent-Type: text/plain; charset=latin1",
            "1")
            + "--x--",
    ]

    @Test("What is no form is refused, by what is wrong with it", arguments: broken)
    func malformed(_ body: String) {
        let error = #expect(throws: FormError.self) { try form(body) }
        #expect(error?.description.isEmpty == false)
    }

    @Test(
        "A content type without a boundary that can be one is refused",
        arguments: [
            "multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=x",
            "multipart/form-data; boundary=\"x \"", "multipart/form-data; boundary=a<b",
            "multipart/form-data; boundary=\(String(repeating: "x", count: 71))",
            "multipart/form-data; boundary=x; boundary=x", "multipart/mixed; boundary=x", "",
        ])
    func boundaries(_ type: String) {
        #expect(throws: FormError.self) { try form("--x--", type: type) }
    }

    @Test("Text that is not UTF-8 is refused in fields and their names, and taken in files")
    func encodings() throws {
        let before = Array("--x\r\nContent-Disposition: form-data; name=\"q\"".utf8)
        let after = Array("\r\n--x--".utf8)
        let content = Array("\r\n\r\n".utf8) + [0xFF] + after
        #expect(throws: FormError.self) { try MultipartForm(before + content, contentType: type) }
        let file = Array("; filename=\"a\"".utf8)
        let read = try MultipartForm(before + file + content, contentType: type)
        #expect(read.files.map(\.bytes) == [[0xFF]])
        let name = before.dropLast() + [0xFF, UInt8(ascii: "\"")] + Array("\r\n\r\n".utf8) + after
        #expect(throws: FormError.self) { try MultipartForm(Array(name), contentType: type) }
    }

    @Test("Limits hold: of fields, and of the bytes before a part's content")
    func limits() throws {
        var limits = FormLimits()
        limits.fields = 3
        limits.headBytes = 64
        let three = (1...3).map { field("\($0)", "") }.joined()
        #expect(try form(three + "--x--", limits: limits).fields.count == 3)
        #expect(throws: FormError.self) {
            try form(three + field("4", "") + "--x--", limits: limits)
        }
        let long = String(repeating: "n", count: 64)
        #expect(throws: FormError.self) { try form(field(long, "") + "--x--", limits: limits) }
        let longContent = String(repeating: "\r\n--", count: 1000)
        #expect(
            try form(field("q", longContent) + "--x--", limits: limits).fields
                == [FormField("q", longContent)])
    }

    /// Whether a line of a content begins with the boundary.
    private static func hasBoundary(_ text: String) -> Bool {
        let bytes = Array("\r\n\(text)".utf8)
        let boundary = Array("\r\n--x".utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: boundary) }
    }

    @Test("A form comes back as it was written, whatever stands in it", arguments: 0..<200)
    func roundTrip(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let alphabet = ["\r", "\n", "-", "--x", "\r\n-", "\r\n--", "a", "ä", "\"", ";", " ", "="]
        func text() -> String {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? ""
            }.joined()
            // No line of a content may begin with the boundary (RFC 2046 §5.1.1).
            return Self.hasBoundary(text) ? "" : text
        }
        let fields = (0..<Int.random(in: 0..<5, using: &random)).map { FormField("n\($0)", text()) }
        let body = fields.map { field($0.name, $0.value) }.joined() + "--x--\r\n"
        #expect(try form(body).fields == fields)
    }

    @Test(
        "Changed bytes never crash, and never make more of a form than it has", arguments: 0..<400)
    func mutated(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var bytes = Array(
            (field("q", "1\r\n-x")
                + part("Content-Disposition: form-data; name=\"f\"; filename=\"a\\\"%22\"", "2")
                + "--x--\r\n").utf8)
        for _ in 0..<Int.random(in: 1..<6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert([0x0D, 0x0A, 0x2D, 0x22][place % 4], at: place)
            }
        }
        guard let read = try? MultipartForm(bytes, contentType: type) else { return }
        let size =
            read.fields.reduce(0) { $0 + $1.value.utf8.count }
            + read.files.reduce(0) { $0 + $1.bytes.count }
        #expect(size <= bytes.count)
    }
}
