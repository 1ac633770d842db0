import TestSupport
import Testing

@Suite("docs/http-conformance.md")
struct ConformanceDocumentTests {
    private let lines: [String]

    init() throws {
        let bytes = try Repository.bytes("docs/http-conformance.md")
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The rows of the table under a heading.
    private func rows(under heading: String) -> [String] {
        let section = lines.drop { $0 != heading }.dropFirst().prefix { !$0.hasPrefix("#") }
        return section.filter { $0.hasPrefix("| ") }.dropFirst().map { $0 }
    }

    @Test("It has the exceptions of the tests, and no others")
    func exceptions() {
        #expect(rows(under: "## Exceptions") == ConformanceException.all.map(\.row))
    }

    @Test("It has the demands of the RFCs with the cases that hold them")
    func rules() {
        #expect(rows(under: "## Demands") == RequestRule.all.map(\.row))
    }

    @Test("Its counts are those of the tests")
    func counts() {
        let counted = rows(under: "## Counts")
        for (list, cases) in [
            ("llhttp", PublishedCase.llhttp), ("gunicorn", PublishedCase.gunicorn),
        ] {
            let exceptions = ConformanceException.all.filter { $0.name.hasPrefix(list) }.count
            let agreed = "| \(cases.count) | \(cases.count - exceptions) | \(exceptions) |"
            #expect(counted.contains { $0.hasPrefix("| \(list) ") && $0.contains(agreed) })
        }
        #expect(
            counted.contains { $0.hasPrefix("| Our own ") && $0.contains(" \(Case.all.count) ") })
    }
}
