/// The paths that exist, each with its methods.
enum Route: Equatable {
    case translate
    case models
    case model(id: String)
    case languages
    case liveness
    case readiness
    case startup
    case metrics
    case document

    init?(path: String) {
        switch path {
        case "/translate": self = .translate
        case "/models": self = .models
        case "/languages": self = .languages
        case "/livez": self = .liveness
        case "/readyz", "/health", "/healthz": self = .readiness
        case "/startupz": self = .startup
        case "/metrics": self = .metrics
        case "/openapi.yaml": self = .document
        default:
            guard path.hasPrefix("/models/"), path.count > 8 else { return nil }
            self = .model(id: String(path.dropFirst(8)))
        }
    }

    /// The template, a label of metrics.
    var label: String {
        switch self {
        case .translate: "/translate"
        case .models: "/models"
        case .model: "/models/{id}"
        case .languages: "/languages"
        case .liveness: "/livez"
        case .readiness: "/readyz"
        case .startup: "/startupz"
        case .metrics: "/metrics"
        case .document: "/openapi.yaml"
        }
    }

    var methods: [String] { self == .translate ? ["POST"] : ["GET", "HEAD"] }

    var allow: String { (methods + ["OPTIONS"]).joined(separator: ", ") }
}
