import HTTPTypes
import HTTPWire

/// The one door through which every answer leaves, however early the request was refused: what all answers
/// share, and what logs and metrics call them.
struct CommonAnswer: Sendable {
    /// What the request is called.
    let identity: RequestIdentity
    /// What is asked for; nil where there is nothing at its path.
    let route: Route?
    private let head: RequestHead
    private let origins: AllowedOrigins
    /// Seconds of Strict-Transport-Security; 0: none.
    private let transportSecurity: Int

    /// What the answers to a request share.
    ///
    /// - Parameters:
    ///   - head: the request's, as far as it was read.
    ///   - settings: whose pages may read answers, and whether TLS is asked of browsers.
    ///   - surface: of the listener that it came to.
    init(
        _ head: RequestHead, _ settings: TranslationAPI.Settings, _ surface: TranslationAPI.Surface
    ) {
        self.head = head
        identity = RequestIdentity(head.fields)
        route = surface.route(head.path)
        origins = settings.origins
        // RFC 6797 §7.2: never over plain HTTP.
        transportSecurity = surface == .operations ? 0 : settings.transportSecurity
    }

    /// An answer, or the head of one in parts, as it leaves.
    func complete(_ response: ServerResponse) -> ServerResponse {
        var response = response
        response.route = route?.label ?? Route.unknownLabel
        identity.sign(&response)
        origins.sign(&response, to: head)
        if response.fields[.cacheControl] == nil { response.fields[.cacheControl] = "no-store" }
        if transportSecurity > 0 {
            response.fields[.strictTransportSecurity] = "max-age=\(transportSecurity)"
        }
        return response
    }
}
