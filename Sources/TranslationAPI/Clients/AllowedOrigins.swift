import HTTPTypes
import HTTPWire

/// Whose pages may read answers (Fetch Standard, "CORS protocol").
///
/// Credentials that a browser adds by itself are never allowed: keys come in fields that the page sets.
public enum AllowedOrigins: Sendable, Equatable {
    /// Pages of this server alone.
    case none
    /// All pages.
    case all
    /// Pages of these origins, such as `https://example.org`.
    case listed([String])

    /// Origins as they are configured: nothing, `*`, or a list with commas between; nil where one is no
    /// origin.
    public init?(_ text: String) {
        let names = text.split(separator: ",").map {
            String(decoding: Array($0.utf8).trimmingBlanks(), as: UTF8.self)
        }
        switch names {
        case []: self = .none
        case ["*"]: self = .all
        default:
            guard names.allSatisfy(Self.isOrigin) else { return nil }
            self = .listed(names)
        }
    }

    /// The origins as they are configured.
    public var text: String {
        switch self {
        case .none: ""
        case .all: "*"
        case .listed(let names): names.joined(separator: ",")
        }
    }

    /// Scheme, host and possibly a port, as browsers send them (RFC 6454 §6.2).
    private static func isOrigin(_ text: String) -> Bool {
        let scheme = text.hasPrefix("https://") ? 8 : text.hasPrefix("http://") ? 7 : 0
        let host = text.utf8.dropFirst(scheme)
        return scheme > 0 && !host.isEmpty
            && host.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@*\"\\".utf8.contains($0) }
    }
}

extension AllowedOrigins {
    /// Seconds for which a browser remembers a preflight; some take no more.
    private static let preflightSeconds = 7200
    private static let requestFields = """
        Accept, Authorization, Content-Encoding, Content-Type, If-None-Match, X-Api-Key, \
        X-Request-Id, traceparent
        """
    private static let responseFields = """
        ETag, Retry-After, Server-Timing, WWW-Authenticate, X-Request-Id
        """

    /// Adds what lets the page that asked read an answer.
    func sign(_ response: inout ServerResponse, to request: RequestHead) {
        // A cache must not give one page's answer to another where they differ.
        if case .listed = self { response.fields.addVary("Origin") }
        guard let allowed = value(for: request) else { return }
        response.fields[.accessControlAllowOrigin] = allowed
        response.fields[.accessControlExposeHeaders] = Self.responseFields
    }

    /// Adds what a preflight asks for.
    ///
    /// - Parameters:
    ///   - response: the answer to OPTIONS.
    ///   - request: may be a preflight.
    ///   - methods: what the path takes.
    func permit(_ response: inout ServerResponse, to request: RequestHead, methods: String) {
        guard request.fields[.accessControlRequestMethod] != nil, value(for: request) != nil
        else { return }
        response.fields[.accessControlAllowMethods] = methods
        response.fields[.accessControlAllowHeaders] = Self.requestFields
        response.fields[.accessControlMaxAge] = String(Self.preflightSeconds)
    }

    /// Access-Control-Allow-Origin; nil where the page may not read.
    ///
    /// Where a head was refused before all of it was read, the page's origin may be in what was not: it matters
    /// where some may read, and not where all may.
    private func value(for request: RequestHead) -> String? {
        guard let origin = request.fields[.origin] ?? (request.isComplete ? nil : "") else {
            return nil
        }
        return switch self {
        case .none: nil
        case .all: "*"
        case .listed(let names): names.contains(origin) ? origin : nil
        }
    }
}

extension HTTPFields {
    /// Adds a field name to Vary.
    mutating func addVary(_ name: String) {
        self[.vary] = self[.vary].map { "\($0), \(name)" } ?? name
    }
}
