package import HTTPTypes

/// A request line and its fields, checked against RFC 9112, with what follows from them.
package struct RequestHead: Sendable {
    /// How the end of the body is found (RFC 9112 §6.3).
    package enum Framing: Sendable, Equatable {
        case length(Int)
        case chunked
    }

    package let method: String
    package let target: String
    package let path: String
    package let query: String?
    package let fields: HTTPFields
    package let framing: Framing
    /// 0 for HTTP/1.0, where the connection persists only on request, else 1.
    package let minorVersion: Int
    package let keepAlive: Bool
    package let expectsContinue: Bool
}

/// The three parts of a request line, before its fields are known.
struct RequestLine {
    /// Longest method; the registry's longest has 18 letters.
    static let longestMethod = 32

    let method: String
    /// A copy: a slice would hold the receive buffer, which then could not grow in place.
    let rawTarget: [UInt8]
    let minorVersion: Int

    init(_ line: ArraySlice<UInt8>, limits: HTTPLimits) throws(HTTPFailure) {
        let parts = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty,
            parts[0].allSatisfy(ASCII.isToken)
        else {
            throw .malformed(
                "The request line must be a method, a target and a version, one space apart.")
        }
        guard parts[1].count <= limits.targetBytes else {
            throw HTTPFailure(
                .uriTooLong, "The request target is longer than \(limits.targetBytes) bytes.")
        }
        minorVersion = try Self.version(parts[2])
        method = String(decoding: parts[0], as: UTF8.self)
        rawTarget = Array(parts[1])
        // RFC 9112 §3: a method longer than any implemented one is answered with 501.
        guard method != "CONNECT", parts[0].count <= Self.longestMethod else {
            throw HTTPFailure(.notImplemented, "The method is not implemented.")
        }
    }

    /// A higher minor version is served as 1.1 (RFC 9110 §2.5).
    private static func version(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) -> Int {
        let digits = Array(bytes.dropFirst(5))
        guard bytes.starts(with: "HTTP/".utf8), digits.count == 3, ASCII.isDigit(digits[0]),
            digits[1] == UInt8(ascii: "."), ASCII.isDigit(digits[2])
        else { throw .malformed("The version in the request line must be HTTP/1.1.") }
        guard digits[0] == UInt8(ascii: "1") else {
            throw HTTPFailure(.versionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are served.")
        }
        return digits[2] == UInt8(ascii: "0") ? 0 : 1
    }
}

/// Collects field lines and notes those that decide about framing and connection.
struct HeadBuilder {
    let line: RequestLine
    private(set) var fields = HTTPFields()
    private(set) var count = 0
    private var hosts: [[UInt8]] = []
    private var lengths: [[UInt8]] = []
    private var codings: [String]?
    private var connection: [String] = []
    private var expectations: [String] = []

    init(line: RequestLine) {
        self.line = line
    }

    /// Takes one field line without its CRLF (RFC 9112 §5).
    mutating func add(_ bytes: ArraySlice<UInt8>) throws(HTTPFailure) {
        let (name, value) = try FieldLine.split(bytes)
        count += 1
        switch name.canonicalName {
        case "host": hosts.append(Array(value))
        case "content-length": lengths.append(Array(value))
        case "transfer-encoding": codings = (codings ?? []) + ASCII.list(value)
        case "connection": connection += ASCII.list(value)
        case "expect": expectations += ASCII.list(value)
        default: break
        }
        fields.append(HTTPField(name: name, value: String(decoding: value, as: UTF8.self)))
    }

    /// The head, once the blank line has come.
    func finish(limits: HTTPLimits) throws(HTTPFailure) -> RequestHead {
        let target = try RequestTarget(line.rawTarget[...], method: line.method)
        try checkHost()
        var fields = fields
        if let authority = target.authority, let host = HTTPField.Name("Host") {
            fields[host] = authority
        }
        let framing = try framing(limits: limits)
        let expectsContinue = try expectsContinue()
        let close = connection.contains("close")
        return RequestHead(
            method: line.method, target: String(decoding: line.rawTarget, as: UTF8.self),
            path: target.path, query: target.query, fields: fields, framing: framing,
            minorVersion: line.minorVersion,
            keepAlive: !close && (line.minorVersion > 0 || connection.contains("keep-alive")),
            expectsContinue: expectsContinue && framing != .length(0))
    }

    /// RFC 9112 §3.2: exactly one valid Host, which HTTP/1.0 may leave out.
    private func checkHost() throws(HTTPFailure) {
        guard hosts.count == 1 || (hosts.isEmpty && line.minorVersion == 0) else {
            throw .malformed("A request must have exactly one Host field.")
        }
        guard hosts.allSatisfy({ HostField.isValid($0[...]) }) else {
            throw .malformed("The Host field must be a host and an optional port.")
        }
    }

    private func framing(limits: HTTPLimits) throws(HTTPFailure) -> RequestHead.Framing {
        if let codings {
            guard lengths.isEmpty else {
                throw .malformed("Content-Length and Transfer-Encoding exclude each other.")
            }
            guard line.minorVersion > 0 else {
                throw .malformed("HTTP/1.0 has no Transfer-Encoding.")
            }
            // RFC 9112 §6.3: without chunked at the end, where the body ends is not known.
            guard codings.last == "chunked", codings.firstIndex(of: "chunked") == codings.count - 1
            else {
                throw .malformed("Transfer-Encoding must end in chunked, which occurs once.")
            }
            guard codings.count == 1 else {
                throw HTTPFailure(.notImplemented, "The only transfer coding served is chunked.")
            }
            return .chunked
        }
        guard lengths.count < 2 else { throw .malformed("Content-Length is repeated.") }
        guard let digits = lengths.first else { return .length(0) }
        guard !digits.isEmpty, digits.allSatisfy(ASCII.isDigit) else {
            throw .malformed("Content-Length must be digits only.")
        }
        guard let length = Self.number(digits), length <= limits.bodyBytes else {
            throw .tooLarge(limits)
        }
        return .length(length)
    }

    /// Nil where the number does not fit.
    private static func number(_ digits: [UInt8]) -> Int? {
        var value = 0
        for digit in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    /// RFC 9110 §10.1.1: an HTTP/1.0 client's 100-continue is ignored.
    private func expectsContinue() throws(HTTPFailure) -> Bool {
        guard expectations.allSatisfy({ $0 == "100-continue" }) else {
            throw HTTPFailure(
                .expectationFailed, "The only expectation that can be met is 100-continue.")
        }
        return !expectations.isEmpty && line.minorVersion > 0
    }
}

/// One field line (RFC 9112 §5.1); the line reader has already refused control bytes.
enum FieldLine {
    static func split(_ line: ArraySlice<UInt8>) throws(HTTPFailure)
        -> (name: HTTPField.Name, value: ArraySlice<UInt8>)
    {
        if let first = line.first, ASCII.isBlank(first) {
            throw .malformed("A field line must not begin with white space (obs-fold).")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformed("A field line lacks its colon.")
        }
        let raw = line[..<colon]
        guard !raw.isEmpty, raw.allSatisfy(ASCII.isToken),
            let name = HTTPField.Name(String(decoding: raw, as: UTF8.self))
        else {
            throw .malformed("A field name must be a token directly followed by a colon.")
        }
        return (name, ASCII.trim(line[(colon + 1)...]))
    }
}

extension HTTPFailure {
    static func tooLarge(_ limits: HTTPLimits) -> HTTPFailure {
        HTTPFailure(.contentTooLarge, "The body is larger than \(limits.bodyBytes) bytes.")
    }
}
