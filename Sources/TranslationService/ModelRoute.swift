public import Decoding
public import LanguageTags

/// The models that a text passes through, one after the other.
public struct ModelRoute: Sendable {
    /// At least one, at most three; the last translates into the target.
    public let hops: [ServedModel]
    /// What a client sees: the last model, with the source language of the first.
    public let model: ServedModel

    init(_ hops: [ServedModel]) {
        self.hops = hops
        model =
            hops.count == 1 ? hops[0] : hops[hops.count - 1].seen(from: hops[0].languages.source)
    }

    /// Whether one model does it alone.
    public var isDirect: Bool { hops.count == 1 }

    /// The model that makes the answer.
    public var last: ServedModel { hops[hops.count - 1] }
}

/// A model that a text passes through before the last.
public struct EarlierHop: Sendable {
    /// What translates.
    public let model: ServedModel
    /// How its outputs are found.
    public let options: DecodingOptions

    /// A hop of a route.
    public init(model: ServedModel, options: DecodingOptions) {
        self.model = model
        self.options = options
    }
}

extension ModelCatalog {
    /// The way for a pair of languages: one model, or where none translates between them, over one or two of the pivot languages.
    ///
    /// No way leads from a language to itself.
    ///
    /// - Parameters: those of `model(named:from:to:identifying:)`.
    /// - Returns: a route that serves them all; where there is none, the model that the request is to be held against.
    public func route(
        named id: String?, from source: String?, to target: String?,
        identifying find: () -> LanguageTag?
    ) -> ModelRoute {
        var found: LanguageTag??
        func language() -> LanguageTag? {
            if let found { return found }
            let tag = find()
            found = .some(tag)
            return tag
        }
        let direct = model(named: id, from: source, to: target, identifying: language)
        guard id == nil, !pivots.isEmpty, let to = target.flatMap({ LanguageTag($0) }),
            let from = source.map({ LanguageTag($0) }) ?? language(),
            from.language != to.language, direct.serving(from: from, to: to) == nil
        else { return ModelRoute([direct]) }
        return path(from, to).map { ModelRoute($0) } ?? ModelRoute([direct])
    }

    /// A route of a former catalog, by the names of its models; nil where one of them is gone, or translates between other languages.
    public func again(_ route: ModelRoute) -> ModelRoute? {
        let hops = route.hops.compactMap { hop -> ServedModel? in
            let (source, target) = hop.languages
            return model(named: hop.id)?.serving(
                from: source.flatMap { LanguageTag($0) }, to: target.flatMap { LanguageTag($0) })
        }
        return hops.count == route.hops.count ? ModelRoute(hops) : nil
    }

    /// The shortest path over pivots; of several the one over those that are preferred.
    private func path(_ from: LanguageTag, _ to: LanguageTag) -> [ServedModel]? {
        for pivot in pivots {
            if let first = knowing(from, pivot), let last = knowing(pivot, to) {
                return [first, last]
            }
        }
        for one in pivots {
            guard let first = knowing(from, one) else { continue }
            for other in pivots where other != one {
                if let second = knowing(one, other), let last = knowing(other, to) {
                    return [first, second, last]
                }
            }
        }
        return nil
    }

    /// The first model that says of itself that it translates between two languages.
    private func knowing(_ from: LanguageTag, _ to: LanguageTag) -> ServedModel? {
        models.lazy.filter { !$0.sources.isEmpty && !$0.targets.isEmpty }
            .compactMap { $0.serving(from: from, to: to) }.first
    }

    /// The pairs that are reached over pivots and by no model alone.
    func pivotedPairs(beside direct: [(source: String, target: String)]) -> [(
        source: String, target: String
    )] {
        guard !pivots.isEmpty else { return [] }
        let direct = Set(direct.map { "\($0.source) \($0.target)" })
        var pairs: [(source: String, target: String)] = []
        let sources = models.flatMap(\.sources).uniqued()
        let targets = models.flatMap(\.targets).uniqued()
        for source in sources {
            for target in targets where source != target && !direct.contains("\(source) \(target)")
            {
                guard let from = LanguageTag(source), let to = LanguageTag(target),
                    from.language != to.language, path(from, to) != nil
                else { continue }
                pairs.append((source, target))
            }
        }
        return pairs
    }
}

extension [String] {
    fileprivate func uniqued() -> [String] {
        var known: Set<String> = []
        return filter { known.insert($0).inserted }
    }
}
