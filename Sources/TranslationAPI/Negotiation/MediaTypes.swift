import HTTPTypes

/// The media types that the API speaks, and what a client says about them.
enum MediaType: String {
    case json = "application/json"
    case problem = "application/problem+json"
    case form = "application/x-www-form-urlencoded"
    case multipart = "multipart/form-data"
    case eventStream = "text/event-stream"
    case yaml = "application/yaml"
    case html = "text/html; charset=utf-8"
    case tabSeparated = "text/tab-separated-values; charset=utf-8"
    case bytes = "application/octet-stream"

    /// Content-Type of an answer of this type.
    var fieldValue: String {
        // The HTML Standard knows no other charset for events, but some clients take Latin-1 for text.
        self == .eventStream ? rawValue + "; charset=utf-8" : rawValue
    }

    /// The type of a request's body; JSON where the request does not say.
    ///
    /// - Returns: nil for a type that is none of these.
    init?(contentTypeOf fields: HTTPFields) {
        guard let value = fields[.contentType], value != Self.json.rawValue else {
            self = .json
            return
        }
        // A media type is written like an entry of a list with parameters; two fields are joined by a comma
        // and may say the same.
        let names = Set(WeightedList(value).items.lazy.map(\.name).filter { $0.contains("/") })
        guard names.count == 1, let name = names.first else { return nil }
        self.init(rawValue: name)
    }
}

/// Which media types a client takes (Accept, RFC 9110 §12.5.1).
struct AcceptedMedia {
    /// Nil: every type.
    private let ranges: WeightedList?

    /// Reads `Accept`; where nothing in it can be read, every type is wanted.
    init(_ fields: HTTPFields) {
        let ranges = fields[.accept].map(WeightedList.init)
        let isReadable = ranges?.items.contains { $0.name == "*" || $0.name.contains("/") }
        self.ranges = isReadable == true ? ranges : nil
    }

    /// The weight of a type by the most specific range that holds it; 0: not wanted.
    func weight(of type: MediaType) -> Double {
        guard let ranges else { return 1 }
        let family = type.rawValue.prefix { $0 != "/" }
        return ranges.weight(of: type.rawValue) ?? ranges.weight(of: family + "/*")
            ?? ranges.weight(of: "*/*")
            // As the clients of older JDKs have it.
            ?? ranges.weight(of: "*") ?? 0
    }

    /// The type with the highest weight, the earlier of equals.
    ///
    /// - Returns: nil where none is wanted.
    func preferred(among types: [MediaType]) -> MediaType? {
        var best: (type: MediaType, weight: Double)?
        for type in types {
            let weight = weight(of: type)
            if weight > best?.weight ?? 0 { best = (type, weight) }
        }
        return best?.type
    }
}
