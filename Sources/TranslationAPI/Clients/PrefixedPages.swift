import System

/// Pages as the path changes them that a proxy serves them below: the last of each is kept, since a proxy
/// has one.
final class PrefixedPages: Sendable {
    private let kept: Lock<[String: (prefix: String, page: Document)]> = Lock([:])

    /// A page below a path.
    ///
    /// - Parameters:
    ///   - page: as it is without a proxy.
    ///   - route: its route's label.
    ///   - prefix: a plain path; nil: the page as it is.
    /// - Returns: the page.
    func page(_ page: Document, at route: String, below prefix: String?) -> Document {
        guard let prefix else { return page }
        if let known = kept.withLock({ $0[route] }), known.prefix == prefix { return known.page }
        let made = page.below(prefix)
        kept.withLock { $0[route] = (prefix, made) }
        return made
    }
}
