import HTTPTypes
import HTTPWire
import System

/// What a request is called in its answer and in logs.
struct RequestIdentity {
    /// The client's X-Request-Id where it can be used, else a new one.
    let id: String
    private let trace: TraceContext?

    /// The names that a request brings.
    init(_ fields: HTTPFields) {
        id = fields[.requestID].flatMap { Self.isUsable($0) ? $0 : nil } ?? Self.newID()
        trace = TraceContext(fields)
    }

    /// Marks an answer with the names.
    func sign(_ response: inout ServerResponse) {
        response.fields[.requestID] = id
        response.logFields.insert(LogField("request_id", .text(id)), at: 0)
        if let trace {
            response.logFields.insert(LogField("trace_id", .text(trace.traceID)), at: 1)
        }
    }

    /// 128 random bits in hexadecimal.
    private static func newID() -> String {
        withUnsafeBytes(of: UInt128.random(in: 0...UInt128.max)) { Hexadecimal.text($0) }
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
}
