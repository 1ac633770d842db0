import HTTPTypes

/// The media types that the API speaks, and what a client says about them.
enum MediaType: String {
    case json = "application/json"
    case problem = "application/problem+json"
    case form = "application/x-www-form-urlencoded"
    case eventStream = "text/event-stream"
    case yaml = "application/yaml"
    case html = "text/html; charset=utf-8"

    /// The type of a request's body; JSON where the request does not say.
    ///
    /// - Returns: nil for a type that is none of these.
    init?(contentTypeOf fields: HTTPFields) {
        guard let value = fields[.contentType] else {
            self = .json
            return
        }
        // A media type is written like the only entry of a list with parameters.
        let items = WeightedList(value).items
        guard items.count == 1 else { return nil }
        self.init(rawValue: items[0].name)
    }
}

/// Which media types a client takes (Accept, RFC 9110 §12.5.1).
struct AcceptedMedia {
    /// Nil: every type.
    private let ranges: WeightedList?

    init(_ fields: HTTPFields) {
        let ranges = fields[.accept].map(WeightedList.init)
        self.ranges = ranges?.items.isEmpty == false ? ranges : nil
    }

    /// The weight of a type by the most specific range that holds it; 0: not wanted.
    func weight(of type: MediaType) -> Double {
        guard let ranges else { return 1 }
        let family = type.rawValue.prefix { $0 != "/" }
        return ranges.weight(of: type.rawValue) ?? ranges.weight(of: family + "/*")
            ?? ranges.weight(of: "*/*") ?? 0
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
