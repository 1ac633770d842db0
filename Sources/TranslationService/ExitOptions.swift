public import Checkpoint
public import Decoding
import Tensor
import TranslationModel

/// The exit settings of a request or of the server, before they are held against a model.
public struct ExitOptions: Sendable, Equatable {
    /// Who decides; nil: the model's default.
    public var policy: ExitPolicy?
    /// For `fixed` only: the layer, 1 … N, or 0, the side branch of a model that has one.
    public var layer: Int?
    /// For `token_geometric` and `confidence`; nil: the model's.
    public var threshold: Threshold?
    /// For `confidence`, instead of a threshold: a profile of the checkpoint.
    public var profile: String?
    /// For `confidence`: K of `ExitRule.candidates`, 0 for the exact rule; nil: `defaultCandidates`.
    ///
    /// Other policies take no notice of it.
    public var candidates: Int?
    /// For `speculative`: `ExitRule.drafts`; nil: as many as pay.
    ///
    /// Other policies take no notice of it.
    public var drafts: Int?
    /// Instead of all others: the cheapest rule that is certified for a bound.
    public var guarantee: Guarantee?
    /// No token leaves below it, 1 … N; nil: 1.
    public var minimumLayer: Int?
    /// No token leaves above it, 1 … N; nil: N.
    public var maximumLayer: Int?

    /// Candidates of `confidence` where nothing is said.
    public static let defaultCandidates = 16

    /// The most that may be lost against full depth.
    public struct Guarantee: Sendable, Equatable {
        /// What is lost.
        public var risk: Risk
        /// δ: its expectation, above 0 and below 1.
        public var delta: Double

        /// A bound.
        public init(risk: Risk, delta: Double) {
            self.risk = risk
            self.delta = delta
        }
    }

    /// One value for all layers or one for each below the last.
    public enum Threshold: Sendable, Equatable {
        /// τ of every layer, 0 … 1.
        case uniform(Double)
        /// τ_1 … τ_{N−1}, each 0 … 1.
        case perLayer([Double])

        var values: [Double] {
            switch self {
            case .uniform(let value): [value]
            case .perLayer(let values): values
            }
        }
    }

    /// Nothing set.
    public init() {}

    /// Fills what is absent here from defaults; a default that the policy cannot use is left out.
    ///
    /// - Parameter defaults: the server's settings.
    /// - Returns: settings that hold both.
    public func filled(from defaults: ExitOptions) -> ExitOptions {
        var options = self
        // A certified rule is as it was tested.
        guard guarantee == nil else { return options }
        options.policy = policy ?? defaults.policy
        let takesDefaults = policy == nil || policy == defaults.policy
        if takesDefaults {
            options.layer = layer ?? defaults.layer
            if threshold == nil, profile == nil {
                options.threshold = defaults.threshold
                options.profile = defaults.profile
            }
        }
        options.candidates = candidates ?? defaults.candidates
        options.drafts = drafts ?? defaults.drafts
        options.minimumLayer = minimumLayer ?? defaults.minimumLayer
        options.maximumLayer = maximumLayer ?? defaults.maximumLayer
        return options
    }

    /// The rule for a model.
    ///
    /// - Parameter model: the model that is to follow it.
    /// - Returns: a rule that the model can follow.
    /// - Throws: all that does not fit, by field.
    public func resolve(for model: ServedModel) throws(InvalidRequest) -> ExitRule {
        if let guarantee { return try rule(guarantee, of: model) }
        let layerCount = model.layerCount
        let policy = policy ?? model.defaultPolicy
        var faults = rangeFaults(model) + conflicts(policy, layerCount)
        if let head = model.missingHead(policy) {
            faults.append(
                RequestFault(
                    .policyUnavailable, .policy,
                    "\(policy.rawValue) needs \(head), which exits.safetensors of \(model.id) lacks"
                ))
        }
        var thresholds = Self.spread(threshold, layerCount) ?? model.thresholds(policy) ?? []
        if policy.takesProfile, let profile {
            if let found = model.checkpoint.exits.profile(named: profile) {
                thresholds = found.thresholds
            } else {
                let names = model.checkpoint.exits.profiles.map(\.name)
                let list =
                    names.isEmpty ? "no profiles" : "the profiles \(names.joined(separator: ", "))"
                faults.append(
                    RequestFault(.outOfRange, .profile, "\(model.id) has \(list)"))
            }
        }
        guard faults.isEmpty else { throw InvalidRequest(faults) }
        return ExitRule(
            policy,
            .init(
                layer: layer, thresholds: thresholds, candidates: ruleCandidates, drafts: drafts),
            bounds: lowestLayer...(maximumLayer ?? layerCount), layerCount: layerCount)
    }

    /// No token leaves below it: layer 1, unless the side branch is asked for.
    private var lowestLayer: Int { minimumLayer ?? min(layer ?? 1, 1) }

    /// The certificate that a guarantee is given by: the cheapest of its risk whose bound is no higher.
    ///
    /// - Parameter model: what is to follow it.
    /// - Returns: nil where none is asked for, or the model has none.
    public func certificate(of model: ServedModel) -> ExitCertificate? {
        guard let guarantee else { return nil }
        return model.certificates.filter {
            $0.risk == guarantee.risk && $0.delta <= guarantee.delta
        }.min { $0.operations < $1.operations }
    }

    private func rule(
        _ guarantee: Guarantee, of model: ServedModel
    ) throws(InvalidRequest) -> ExitRule {
        let isAlone =
            policy == nil && layer == nil && threshold == nil && profile == nil
            && minimumLayer == nil && maximumLayer == nil
        guard isAlone else {
            throw InvalidRequest([
                RequestFault(
                    .conflictingOptions, .guarantee,
                    "\(.guarantee) chooses the rule itself: it excludes all else about exits")
            ])
        }
        guard let found = certificate(of: model) else {
            let certified = model.certificates.map { "\($0.risk.rawValue) \($0.delta)" }
            let list =
                certified.isEmpty
                ? "no certificates in \(model.precision.rawValue)"
                : "certificates for \(certified.joined(separator: ", "))"
            throw InvalidRequest([
                RequestFault(.outOfRange, .guarantee, "\(model.id) has \(list)")
            ])
        }
        return ExitRule(found, layerCount: model.layerCount)
    }

    private var ruleCandidates: Int? {
        let count = candidates ?? Self.defaultCandidates
        return count == 0 ? nil : count
    }

    private static func spread(_ threshold: Threshold?, _ layerCount: Int) -> [Double]? {
        switch threshold {
        case .uniform(let value): Array(repeating: value, count: layerCount - 1)
        case .perLayer(let values): values
        case nil: nil
        }
    }

    private func rangeFaults(_ model: ServedModel) -> [RequestFault] {
        let layerCount = model.layerCount
        var faults: [RequestFault] = []
        func outOfRange(_ parameter: RequestParameter, _ explanation: Explanation) {
            faults.append(RequestFault(.outOfRange, parameter, explanation))
        }
        if let layer, !(model.lowestExit...layerCount).contains(layer) {
            let branch = model.lowestExit == 0 ? ", or 0, the side branch" : ""
            outOfRange(
                .layer,
                "\(.layer) must be 1 to \(layerCount), the number of decoder layers\(branch); given \(layer)"
            )
        }
        let layers: [(Int?, RequestParameter)] = [
            (minimumLayer, .minimumLayer), (maximumLayer, .maximumLayer),
        ]
        for case (let value?, let parameter) in layers where !(1...layerCount).contains(value) {
            outOfRange(
                parameter,
                "\(parameter) must be 1 to \(layerCount), the number of decoder layers; given \(value)"
            )
        }
        if let candidates, !(0...ExitRule.maximumCandidates).contains(candidates) {
            outOfRange(
                .candidates,
                "\(.candidates) must be 0 to \(ExitRule.maximumCandidates); given \(candidates)")
        }
        if let drafts, !(0...ExitRule.maximumDrafts).contains(drafts) {
            outOfRange(
                .drafts, "\(.drafts) must be 0 to \(ExitRule.maximumDrafts); given \(drafts)")
        }
        if let wrong = threshold?.values.first(where: { !(0...1).contains($0) }) {
            outOfRange(.threshold, "\(.threshold) must be 0 to 1; given \(wrong)")
        }
        if case .perLayer(let values) = threshold, values.count != layerCount - 1 {
            outOfRange(
                .threshold,
                """
                \(.threshold) must be one number or \(layerCount - 1), one for each layer below the last; \
                given \(values.count)
                """)
        }
        return faults
    }

    private func conflicts(_ policy: ExitPolicy, _ layerCount: Int) -> [RequestFault] {
        var faults: [RequestFault] = []
        func conflict(_ parameter: RequestParameter, _ explanation: Explanation) {
            faults.append(RequestFault(.conflictingOptions, parameter, explanation))
        }
        if policy.needsLayer, layer == nil {
            conflict(.layer, "\(.policy) \(policy.rawValue) needs \(.layer), 1 to \(layerCount)")
        }
        if !policy.needsLayer, layer != nil {
            let takers = ExitPolicy.names(joinedBy: "and", where: \.needsLayer)
            conflict(
                .layer, "\(.layer) goes with the policy \(takers), not with \(policy.rawValue)")
        }
        if policy.thresholds == nil, threshold != nil {
            let takers = ExitPolicy.names(joinedBy: "and", where: { $0.thresholds != nil })
            conflict(
                .threshold, "\(.threshold) goes with \(takers), not with \(policy.rawValue)")
        }
        if !policy.takesProfile, profile != nil {
            let takers = ExitPolicy.names(joinedBy: "and", where: \.takesProfile)
            conflict(.profile, "\(.profile) goes with \(takers), not with \(policy.rawValue)")
        }
        if profile != nil, threshold != nil {
            conflict(.profile, "\(.profile) and \(.threshold) exclude each other")
        }
        return faults + boundFaults(policy, layerCount)
    }

    private func boundFaults(_ policy: ExitPolicy, _ layerCount: Int) -> [RequestFault] {
        let (lowest, highest) = (lowestLayer, maximumLayer ?? layerCount)
        guard lowest <= highest else {
            return [
                RequestFault(
                    .conflictingOptions, .minimumLayer,
                    "\(.minimumLayer) \(lowest) is above \(.maximumLayer) \(highest)")
            ]
        }
        guard policy.needsLayer, let layer, !(lowest...highest).contains(layer) else { return [] }
        return [
            RequestFault(
                .conflictingOptions, .layer,
                "\(.layer) \(layer) is outside the bounds \(lowest) to \(highest)")
        ]
    }
}

extension ExitRule {
    /// The rule that a certificate was issued for.
    ///
    /// - Parameters:
    ///   - certificate: one of the model's.
    ///   - layerCount: N of the model.
    public init(_ certificate: ExitCertificate, layerCount: Int) {
        self.init(
            certificate.policy,
            .init(
                layer: certificate.layer, thresholds: certificate.thresholds ?? [],
                candidates: certificate.candidates.flatMap { $0 == 0 ? nil : $0 }),
            layerCount: layerCount)
    }
}
