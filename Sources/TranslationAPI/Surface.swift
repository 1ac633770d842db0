extension TranslationAPI {
    /// Which routes a listener shows.
    public enum Surface: Sendable {
        /// All of them.
        case everything
        /// All but the metrics, which have a listener of their own.
        case requests
        /// Metrics and probes, in plain HTTP.
        case operations

        /// The route of a path; nil where there is nothing at it.
        func route(_ path: String) -> Route? { Route(path: path).flatMap { shows($0) ? $0 : nil } }

        private func shows(_ route: Route) -> Bool {
            switch route {
            case .metrics: self != .requests
            case .liveness, .readiness, .startup: true
            default: self != .operations
            }
        }
    }
}
