import HTTPTypes

/// Names of fields that the library of HTTP types lacks.
extension HTTPField.Name {
    static let requestID = known("X-Request-Id")
    static let serverTiming = known("Server-Timing")
    static let apiKey = known("X-Api-Key")
    static let forwardedFor = known("X-Forwarded-For")
    static let forwardedProto = known("X-Forwarded-Proto")
    /// RFC 9112 §3.2; the library keeps it as the authority.
    static let host = known("Host")
    static let forwardedPrefix = known("X-Forwarded-Prefix")
    /// Tells nginx to pass parts of a response on as they come.
    static let accelBuffering = known("X-Accel-Buffering")

    private static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else {
            preconditionFailure("\(text) is no field name")
        }
        return name
    }
}
