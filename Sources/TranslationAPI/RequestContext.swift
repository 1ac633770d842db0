import HTTPTypes
import HTTPWire

/// A request with what all its answers share.
struct RequestContext: Sendable {
    let request: ServerRequest
    /// The client's X-Request-Id where it can be used, else a new one.
    let id: String

    private static let requestIDField = HTTPField.Name("X-Request-Id")

    init(_ request: ServerRequest) {
        self.request = request
        let given = Self.requestIDField.flatMap { request.fields[$0] }
        id = given.flatMap { Self.isUsable($0) ? $0 : nil } ?? Self.newID()
    }

    /// 128 random bits in hexadecimal.
    static func newID() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// 1 to 128 of letters, digits, '.', '_' and '-'.
    private static func isUsable(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// Adds the fields of every answer.
    func finish(_ response: ServerResponse, _ route: Route, allow: String? = nil) -> ServerResponse
    {
        var response = response
        response.route = route.label
        if let allow { response.fields[.allow] = allow }
        return stamped(response)
    }

    func finish(_ problem: Problem, route: String) -> ServerResponse {
        stamped(problem.response(requestID: id, route: route))
    }

    /// JSON that changes only with the model: with an entity tag, and 304 for who has it already.
    func finishCacheable(_ body: [UInt8], _ route: Route) -> ServerResponse {
        let tag = "\"\(fingerprint(body))\""
        var response = ServerResponse(status: 200, body: body)
        if let known = request.fields[.ifNoneMatch], known == "*" || known.contains(tag) {
            response = ServerResponse(status: 304)
        } else {
            response.fields[.contentType] = "application/json"
        }
        response.fields[.eTag] = tag
        response.fields[.cacheControl] = "no-cache"
        return finish(response, route)
    }

    private func stamped(_ response: ServerResponse) -> ServerResponse {
        var response = response
        if let name = Self.requestIDField { response.fields[name] = id }
        if response.fields[.cacheControl] == nil { response.fields[.cacheControl] = "no-store" }
        return response
    }
}

/// FNV-1a, 64 bits, in hexadecimal: tells versions of a document apart.
private func fingerprint(_ bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x0100_0000_01b3
    }
    return String(hash, radix: 16)
}
