/// The paths that exist, each with its methods.
enum Route: Equatable {
    case translate
    case tokenize
    case detokenize
    case models
    case model(id: String)
    case languages
    case liveness
    case readiness
    case startup
    case metrics
    case document
    case documentJSON
    case home
    case reference
    case libreTranslate(LibreTranslateRoute)
    case deepL(DeepLRoute)

    /// The route of a path; slashes that come twice or at the end say nothing, since many clients join
    /// their base and a path that way.
    init?(path: String) {
        // The path of a target that could not be read is empty, and no route's.
        guard path.first == "/" else { return nil }
        if let route = Self(plain: path) {
            self = route
            return
        }
        let parts = path.split(separator: "/").map(String.init)
        if let route = LibreTranslateRoute(parts: parts) {
            self = .libreTranslate(route)
            return
        }
        if let route = DeepLRoute(parts: parts) {
            self = .deepL(route)
            return
        }
        let path = "/" + parts.joined(separator: "/")
        if let route = Self(plain: path) {
            self = route
            return
        }
        guard path.hasPrefix("/models/"), path.utf8.count > 8 else { return nil }
        self = .model(id: String(path.dropFirst(8)))
    }

    /// The route of a path of this API that has no parts to be filled in, as most requests write it.
    private init?(plain path: String) {
        switch path {
        case "/translate": self = .translate
        case "/tokenize": self = .tokenize
        case "/detokenize": self = .detokenize
        case "/models": self = .models
        case "/languages": self = .languages
        case "/livez": self = .liveness
        case "/readyz", "/health", "/healthz": self = .readiness
        case "/startupz": self = .startup
        case "/metrics": self = .metrics
        case "/openapi.yaml": self = .document
        case "/openapi.json": self = .documentJSON
        case "/": self = .home
        case "/docs": self = .reference
        default: return nil
        }
    }

    /// The template, a label of metrics.
    var label: String {
        switch self {
        case .translate: "/translate"
        case .tokenize: "/tokenize"
        case .detokenize: "/detokenize"
        case .models: "/models"
        case .model: "/models/{id}"
        case .languages: "/languages"
        case .liveness: "/livez"
        case .readiness: "/readyz"
        case .startup: "/startupz"
        case .metrics: "/metrics"
        case .document: "/openapi.yaml"
        case .documentJSON: "/openapi.json"
        case .home: "/"
        case .reference: "/docs"
        case .libreTranslate(let route): route.label
        case .deepL(let route): route.label
        }
    }

    /// The label of paths that do not exist.
    static let unknownLabel = "other"

    static let all: [Route] =
        [
            .translate, .tokenize, .detokenize, .models, .model(id: ""), .languages, .liveness,
            .readiness, .startup, .metrics, .document, .documentJSON, .home, .reference,
        ] + LibreTranslateRoute.all.map(Route.libreTranslate) + DeepLRoute.all.map(Route.deepL)

    var methods: [String] {
        switch self {
        case .translate, .tokenize, .detokenize: ["POST"]
        case .libreTranslate(let route): route.methods
        case .deepL(let route): route.methods
        case .model: ["GET", "HEAD", "POST"]
        default: ["GET", "HEAD"]
        }
    }

    var allow: String { (methods + ["OPTIONS"]).joined(separator: ", ") }
}

extension TranslationAPI {
    /// The routes of responses, each with the method that is asked of it most: the closed sets that labels of
    /// metrics are made of.
    public static var routes: [(label: String, method: String)] {
        Route.all.map { ($0.label, $0.methods[0]) } + [(Route.unknownLabel, "GET")]
    }
}
