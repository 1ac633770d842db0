/// The paths of LibreTranslate that no other dialect has.
enum LibreTranslateRoute: Equatable {
    case detect
    case translateFile
    case download(name: String)
    case frontendSettings
    case specification
    case suggest

    /// The route of a path; nil where it is none of these.
    init?(parts: [String]) {
        switch parts {
        case ["detect"]: self = .detect
        case ["translate_file"]: self = .translateFile
        case ["frontend", "settings"]: self = .frontendSettings
        case ["spec"]: self = .specification
        case ["suggest"]: self = .suggest
        default:
            guard parts.count == 2, parts[0] == "download_file" else { return nil }
            self = .download(name: parts[1])
        }
    }

    /// The template, a label of metrics.
    var label: String {
        switch self {
        case .detect: "/detect"
        case .translateFile: "/translate_file"
        case .download: "/download_file/{name}"
        case .frontendSettings: "/frontend/settings"
        case .specification: "/spec"
        case .suggest: "/suggest"
        }
    }

    var methods: [String] {
        switch self {
        case .detect, .translateFile, .suggest: ["POST"]
        case .download, .frontendSettings, .specification: ["GET", "HEAD"]
        }
    }

    static let all: [LibreTranslateRoute] = [
        .detect, .translateFile, .download(name: ""), .frontendSettings, .specification, .suggest,
    ]
}
