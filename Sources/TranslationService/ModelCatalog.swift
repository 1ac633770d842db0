public import LanguageTags

/// The models of a service, and which of them serves a request.
public struct ModelCatalog: Sendable {
    /// At least one, in the order in which they are preferred; names differ.
    public let models: [ServedModel]
    /// Languages over which a text may go where no model translates it alone, the preferred first.
    public let pivots: [LanguageTag]
    /// The pairs of languages that are served, each once, in the order of the models; of a model of many languages all pairs of two.
    ///
    /// Those that are reached over a pivot come last.
    public private(set) var pairs: [(source: String, target: String)] = []

    /// Takes the models as they are; of several with one name the first.
    public init(_ models: [ServedModel], pivots: [LanguageTag] = []) {
        self.pivots = pivots
        precondition(!models.isEmpty, "a service has a model")
        var names: Set<String> = []
        self.models = models.filter { names.insert($0.id).inserted }
        let direct = directPairs
        pairs = direct + pivotedPairs(beside: direct)
    }

    /// The model where a request does not choose.
    public var standard: ServedModel { models[0] }

    /// The model of a name.
    public func model(named id: String) -> ServedModel? { models.first { $0.id == id } }

    /// The pairs that a model translates between alone.
    private var directPairs: [(source: String, target: String)] {
        var pairs: [(source: String, target: String)] = []
        var known: Set<String> = []
        for model in models {
            let targets = model.targets
            for source in model.sources {
                for target in targets where source != target || !model.isMultilingual {
                    if known.insert("\(source) \(target)").inserted {
                        pairs.append((source, target))
                    }
                }
            }
        }
        return pairs
    }

    /// The model for a pair of languages.
    ///
    /// - Parameters:
    ///   - id: its name, where the request says one.
    ///   - source: language of the texts, as the request says it; nil where it does not.
    ///   - target: the language to translate into; nil where the request does not say it.
    ///   - find: the language of the texts, where models of several would serve.
    /// - Returns: a model that serves them all; where none does, the one that was named, or the standard one, which does not.
    public func model(
        named id: String?, from source: String?, to target: String?,
        identifying find: () -> LanguageTag?
    ) -> ServedModel {
        let named = id.flatMap { model(named: $0) }
        let fallback = named ?? standard
        guard id == nil || named != nil else { return fallback }
        let from = source.flatMap { LanguageTag($0) }
        let to = target.flatMap { LanguageTag($0) }
        guard source == nil || from != nil, target == nil || to != nil else { return fallback }
        let candidates = named.map { [$0] } ?? models
        if source == nil, candidates.contains(where: { $0.isMultilingual }) || candidates.count > 1
        {
            if let found = find(),
                let model = candidates.lazy.compactMap({ $0.serving(from: found, to: to) }).first
            {
                return model
            }
        }
        return candidates.lazy.compactMap { $0.serving(from: from, to: to) }.first ?? fallback
    }
}
