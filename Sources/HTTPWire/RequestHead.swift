public import HTTPTypes

/// A request line and its fields: checked against RFC 9112, or, of a request that is refused, what was
/// read of them.
public struct RequestHead: Sendable {
    /// How the end of the body is found (RFC 9112 §6.3).
    package enum Framing: Sendable, Equatable {
        case length(Int)
        case chunked
    }

    /// The method, a token, in the case in which it came; empty where it was not read.
    public let method: String
    /// The request target as received; empty where it was not read.
    public let target: String
    /// The path, percent-decoded; "*" for `OPTIONS *`; empty where the target was not read or is none.
    public let path: String
    /// What follows the first question mark, not decoded; nil without one.
    public let query: String?
    /// The fields in their order; trailers are dropped.
    public let fields: HTTPFields
    /// Whether all fields were read: always, but for a request whose head itself is refused.
    public package(set) var isComplete = true
    /// Whether the answer has no body: of a request line that is refused HEAD is not believed.
    package internal(set) var isHead: Bool
    package var framing = Framing.length(0)
    /// 0 for HTTP/1.0, where the connection persists only on request, else 1.
    package var minorVersion = 1
    package var keepAlive = true
    package var expectsContinue = false

    /// A head of these parts.
    public init(
        method: String, target: String, path: String, query: String? = nil,
        fields: HTTPFields = [:]
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.fields = fields
        isHead = method == "HEAD"
    }

    /// The head of a request of which nothing was read.
    package static var unread: RequestHead {
        var head = RequestHead(method: "", target: "", path: "")
        head.isComplete = false
        return head
    }
}

/// The three parts of a request line, before its fields are known.
struct RequestLine {
    /// Longest method; the registry's longest has 18 letters.
    static let longestMethod = 32

    let method: String
    /// A copy: a slice would hold the receive buffer, which then could not grow in place.
    let rawTarget: [UInt8]
    private(set) var minorVersion = 1
    /// Whether `check` found nothing wrong.
    private(set) var isChecked = false
    private let rawVersion: [UInt8]

    /// The parts of a whole line, which `check` judges.
    init(_ line: ArraySlice<UInt8>) throws(HTTPFailure) {
        let parts = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty,
            parts[0].allSatisfy(ASCII.isToken)
        else {
            throw .malformed(
                "The request line must be a method, a target and a version, one space apart.")
        }
        method = String(decoding: parts[0], as: UTF8.self)
        rawTarget = Array(parts[1])
        rawVersion = Array(parts[2])
    }

    /// The method of a line whose target does not end; nil where it begins with none.
    init?(startOf line: ArraySlice<UInt8>) {
        let method = line.prefix(Self.longestMethod + 1).prefix { $0 != ASCII.space }
        guard (1...Self.longestMethod).contains(method.count), method.allSatisfy(ASCII.isToken)
        else { return nil }
        self.method = String(decoding: method, as: UTF8.self)
        (rawTarget, rawVersion) = ([], [])
    }

    /// Judges the parts, and reads the version.
    mutating func check(limits: HTTPLimits) throws(HTTPFailure) {
        guard rawTarget.count <= limits.targetBytes else {
            throw HTTPFailure(
                .uriTooLong, "The request target is longer than \(limits.targetBytes) bytes.")
        }
        minorVersion = try Self.version(rawVersion[...])
        // RFC 9112 §3: a method longer than any implemented one is answered with 501.
        guard method != "CONNECT", method.utf8.count <= Self.longestMethod else {
            throw HTTPFailure(.notImplemented, "The method is not implemented.")
        }
        isChecked = true
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
    private(set) var line: RequestLine
    /// Whether the blank line has come.
    private(set) var isComplete = false
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

    mutating func checkLine(limits: HTTPLimits) throws(HTTPFailure) {
        try line.check(limits: limits)
    }

    /// What is known of the request so far.
    var knownHead: RequestHead {
        let target = try? RequestTarget(line.rawTarget[...], method: line.method)
        var head = RequestHead(
            method: line.method, target: String(decoding: line.rawTarget, as: UTF8.self),
            path: target?.path ?? "", query: target?.query, fields: fields)
        head.isComplete = isComplete
        head.isHead = head.isHead && line.isChecked
        return head
    }

    /// The head, once the blank line has come.
    mutating func finish(limits: HTTPLimits) throws(HTTPFailure) -> RequestHead {
        isComplete = true
        let target = try RequestTarget(line.rawTarget[...], method: line.method)
        try checkHost()
        var fields = fields
        if let authority = target.authority, let host = HTTPField.Name("Host") {
            fields[host] = authority
        }
        let framing = try framing(limits: limits)
        let expectsContinue = try expectsContinue()
        let close = connection.contains("close")
        var head = RequestHead(
            method: line.method, target: String(decoding: line.rawTarget, as: UTF8.self),
            path: target.path, query: target.query, fields: fields)
        head.framing = framing
        head.minorVersion = line.minorVersion
        head.keepAlive = !close && (line.minorVersion > 0 || connection.contains("keep-alive"))
        head.expectsContinue = expectsContinue && framing != .length(0)
        return head
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
