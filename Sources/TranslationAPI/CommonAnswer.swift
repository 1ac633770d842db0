import HTTPTypes
import HTTPWire

/// The one door through which every answer leaves, however early the request was refused: what all answers
/// share, and what logs and metrics call them.
struct CommonAnswer: Sendable {
    /// What the request is called.
    let identity: RequestIdentity
    private let head: RequestHead
    private let route: String
    private let origins: AllowedOrigins

    /// What the answers to a request share.
    ///
    /// - Parameters:
    ///   - head: the request's, as far as it was read.
    ///   - settings: whose pages may read answers.
    init(_ head: RequestHead, _ settings: TranslationAPI.Settings) {
        self.head = head
        identity = RequestIdentity(head.fields)
        route = Route(path: head.path)?.label ?? Route.unknownLabel
        origins = settings.origins
    }

    /// An answer, or the head of one in parts, as it leaves.
    func complete(_ response: ServerResponse) -> ServerResponse {
        var response = response
        response.route = route
        identity.sign(&response)
        origins.sign(&response, to: head)
        if response.fields[.cacheControl] == nil { response.fields[.cacheControl] = "no-store" }
        return response
    }
}
