/// The paths of DeepL's API that this server has.
enum DeepLRoute: Equatable {
    /// The version of the API that a path of glossaries belongs to.
    enum Version: String {
        case two = "v2"
        case three = "v3"
    }

    case translate
    case languages
    case usage
    case languagePairs
    case glossaries(Version)
    case glossary(Version, id: String)
    case entries(Version, id: String)
    case dictionaries(id: String)
    /// Documents: upload, state, result.
    case document
    case documentState(id: String)
    case documentResult(id: String)

    /// The route of a path; nil where it is none of these.
    init?(parts: [String]) {
        guard let first = parts.first, let version = Version(rawValue: first) else { return nil }
        let rest = parts.dropFirst()
        if rest.first == "glossaries" {
            self.init(version, Array(rest.dropFirst()))
            return
        }
        guard version == .two else { return nil }
        switch Array(rest) {
        case ["translate"]: self = .translate
        case ["languages"]: self = .languages
        case ["usage"]: self = .usage
        case ["glossary-language-pairs"]: self = .languagePairs
        case ["document"]: self = .document
        case let path where path.first == "document" && path.count == 2:
            self = .documentState(id: path[1])
        case let path where path.first == "document" && path.count == 3 && path[2] == "result":
            self = .documentResult(id: path[1])
        default: return nil
        }
    }

    /// The route of what stands behind `glossaries`.
    private init?(_ version: Version, _ rest: [String]) {
        switch (rest.count, rest.last) {
        case (0, _): self = .glossaries(version)
        case (1, let id?): self = .glossary(version, id: id)
        case (2, "entries"): self = .entries(version, id: rest[0])
        case (2, "dictionaries") where version == .three: self = .dictionaries(id: rest[0])
        default: return nil
        }
    }

    /// The template, a label of metrics.
    var label: String {
        switch self {
        case .translate: "/v2/translate"
        case .languages: "/v2/languages"
        case .usage: "/v2/usage"
        case .languagePairs: "/v2/glossary-language-pairs"
        case .glossaries(let version): "/\(version.rawValue)/glossaries"
        case .glossary(let version, _): "/\(version.rawValue)/glossaries/{id}"
        case .entries(let version, _): "/\(version.rawValue)/glossaries/{id}/entries"
        case .dictionaries: "/v3/glossaries/{id}/dictionaries"
        case .document: "/v2/document"
        case .documentState: "/v2/document/{id}"
        case .documentResult: "/v2/document/{id}/result"
        }
    }

    /// Whether its work takes as long as a glossary is large.
    var isOfGlossaries: Bool {
        switch self {
        case .glossaries, .glossary, .entries, .dictionaries: true
        default: false
        }
    }

    var methods: [String] {
        switch self {
        case .translate, .glossaries: ["POST", "GET", "HEAD"]
        case .languages, .usage, .languagePairs, .entries: ["GET", "HEAD"]
        case .glossary(.two, _): ["GET", "HEAD", "DELETE"]
        case .glossary(.three, _): ["GET", "HEAD", "DELETE", "PATCH"]
        case .dictionaries: ["PUT", "DELETE"]
        case .document, .documentState, .documentResult: ["POST", "GET", "HEAD"]
        }
    }

    static let all: [DeepLRoute] = [
        .translate, .languages, .usage, .languagePairs, .glossaries(.two), .glossary(.two, id: ""),
        .entries(.two, id: ""), .glossaries(.three), .glossary(.three, id: ""),
        .entries(.three, id: ""), .dictionaries(id: ""), .document, .documentState(id: ""),
        .documentResult(id: ""),
    ]
}
