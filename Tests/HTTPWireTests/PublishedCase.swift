import TestSupport
import Testing

/// A case of another project's request tests, with its verdict; `Resources/README.md` says more.
struct PublishedCase: Sendable, CustomTestStringConvertible {
    enum Outcome: String {
        case complete, incomplete, refused
        /// The connection does not persist: no request is read from the bytes that follow.
        case dropped
        /// What follows is left to another protocol.
        case upgrade
    }

    let name: String
    let bytes: [UInt8]
    let outcome: Outcome
    /// Each as "METHOD target body".
    let requests: [String]
    /// Whether the connection ends with the bytes, so that an incomplete request is refused.
    let endsConnection: Bool

    static let llhttp = load("llhttp", endsConnection: false)
    static let gunicorn = load("gunicorn", endsConnection: true)
    static let all = llhttp + gunicorn

    /// The field that the import adds to a request of HTTP/1.1 that has no Host.
    static let addedHost = Array("Host: added\r\n".utf8)

    var testDescription: String { name }

    /// Whether what we make of it is what its authors expect.
    func expects(_ reading: Reading) -> Bool {
        guard reading.requests == requests else { return false }
        return switch (outcome, reading.end) {
        case (.complete, .complete), (.incomplete, .incomplete), (.refused, .refused),
            (.dropped, .dropped):
            true
        // An end amid a request is a fault, and what is never read is no part of a test.
        case (.refused, .incomplete), (.complete, .dropped): endsConnection
        default: false
        }
    }

    /// Empty where the file cannot be read, which the test of the counts reports.
    private static func load(_ list: String, endsConnection: Bool) -> [PublishedCase] {
        let path = "Tests/HTTPWireTests/Resources/\(list)/requests.tsv"
        let rows = (try? VectorFile.rows(path)) ?? []
        return rows.compactMap { columns in
            let texts = columns.map { String(decoding: $0, as: UTF8.self) }
            guard columns.count >= 3, let outcome = Outcome(rawValue: texts[1]) else { return nil }
            return PublishedCase(
                name: "\(list) \(texts[0])", bytes: columns[2], outcome: outcome,
                requests: Array(texts[3...]), endsConnection: endsConnection)
        }
    }
}
