import FormData
import TestSupport
import Testing

@Suite("Forms of names and values", .timeLimit(.minutes(10)))
struct URLEncodedFormTests {
    @Test(
        "Names and values are decoded, and a name may come again",
        arguments: [
            ("", []), ("&&", []), ("q", [("q", "")]), ("q=", [("q", "")]), ("=1", [("", "1")]),
            ("q=Gr%C3%B6%c3%9fe+%26+1%2B1", [("q", "Größe & 1+1")]),
            ("text=a&text=b=c&x%3D=%0A", [("text", "a"), ("text", "b=c"), ("x=", "\n")]),
        ])
    func reads(_ entry: (body: String, fields: [(String, String)])) throws {
        let form = try URLEncodedForm(entry.body.utf8)
        #expect(form.fields == entry.fields.map { FormField($0.0, $0.1) })
    }

    @Test(
        "Broken escapes and text that is not UTF-8 are refused",
        arguments: ["q=%zz", "q=%C3", "q=%4", "%", "q=%"])
    func malformed(_ body: String) {
        #expect(throws: FormError.self) { try URLEncodedForm(body.utf8) }
    }

    @Test("There is a most of fields")
    func limits() throws {
        var limits = FormLimits()
        limits.fields = 2
        #expect(try URLEncodedForm("a=1&b=2".utf8, limits: limits).fields.count == 2)
        #expect(throws: FormError.self) { try URLEncodedForm("a&b&c".utf8, limits: limits) }
    }

    @Test("Every text comes back that was encoded", arguments: 0..<100)
    func roundTrip(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let text = String(
            (0..<20).map { _ in "ab &=+%ä€😀\r\n".randomElement(using: &random) ?? "a" })
        let encoded = text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
        #expect(try URLEncodedForm("q=\(encoded)".utf8).fields == [FormField("q", text)])
    }
}
