import JSON

extension ExitsConfiguration {
    /// Reads the object of exits.json; nil stands for a directory without the file.
    init(_ object: JSONObject?, decoderLayers: Int) throws(CheckpointError) {
        self.init(decoderLayers: decoderLayers)
        let keys = KeyReader(file: "exits.json", object: object ?? JSONObject([]))
        if object != nil {
            _ = try keys.integer("version", in: 1...1)
        }
        decoderTraining = try keys.optionalCase("decoder_training", of: DecoderTraining.self)
        classifiers =
            try keys.optionalCase("exit_classifiers", of: Classifiers.self) ?? classifiers
        let policies =
            try keys.optionalObject("policies")
            ?? KeyReader(file: keys.file, path: "policies", object: JSONObject([]))
        heads = try Self.heads(policies)
        let exits = decoderLayers - 1
        geometricThresholds =
            try Self.thresholds(
                "threshold", in: try policies.optionalObject(Policy.tokenGeometric.rawValue),
                count: exits) ?? geometricThresholds
        let confidence = try policies.optionalObject(Policy.confidence.rawValue)
        confidenceThresholds =
            try Self.thresholds("thresholds", in: confidence, count: exits)
            ?? confidenceThresholds
        profiles = try Self.profiles(confidence, decoderLayers: decoderLayers)
        defaultPolicy = try keys.optionalCase("default_policy", of: Policy.self) ?? defaultPolicy
        guard defaultPolicy != .fixed else {
            throw keys.fault(
                .unsupportedValue, "default_policy", found: "fixed",
                expected: "a policy that needs no layer from the request")
        }
    }

    private static func heads(
        _ policies: KeyReader
    ) throws(CheckpointError) -> [Policy: HeadTraining] {
        var heads: [Policy: HeadTraining] = [:]
        for member in policies.object.members {
            switch Policy(rawValue: member.name) {
            case .confidence: continue
            case .some(let policy) where policy != .full && policy != .fixed:
                let keys = try KeyReader(
                    file: policies.file, path: policies.subject(member.name), value: member.value)
                let price = 0...Double.greatestFiniteMagnitude
                heads[policy] = HeadTraining(
                    oracle: try keys.optionalCase("oracle", of: Oracle.self),
                    lambda: try keys.optionalNumber("lambda", in: price),
                    sigma: try keys.optionalNumber("sigma", in: price))
            default:
                throw policies.fault(
                    .unsupportedValue, member.name, found: "no trained policy of this name",
                    expected: "sequence, token_multinomial, token_geometric or confidence")
            }
        }
        return heads
    }

    /// One threshold for every exit below the last, given as a number or one by one.
    private static func thresholds(
        _ key: String, in keys: KeyReader?, count: Int
    ) throws(CheckpointError) -> [Double]? {
        guard let keys, let value = keys.value(key) else { return nil }
        if value.arrayValue == nil {
            return try keys.optionalNumber(key, in: 0...1).map {
                Array(repeating: $0, count: count)
            }
        }
        guard let thresholds = try keys.optionalNumbers(key, in: 0...1) else { return nil }
        guard thresholds.count == count else {
            throw keys.fault(
                .outOfRange, key, found: "\(thresholds.count) thresholds",
                expected: "\(count), one for each decoder layer below the last")
        }
        return thresholds
    }

    private static func profiles(
        _ confidence: KeyReader?, decoderLayers: Int
    ) throws(CheckpointError) -> [Profile] {
        guard let keys = try confidence?.optionalObject("profiles") else { return [] }
        var profiles: [Profile] = []
        for member in keys.object.members {
            let profile = try KeyReader(
                file: keys.file, path: keys.subject(member.name), value: member.value)
            let thresholds = try thresholds("thresholds", in: profile, count: decoderLayers - 1)
            profiles.append(
                Profile(
                    name: member.name,
                    thresholds: try profile.required("thresholds", thresholds),
                    bleu: try profile.optionalNumber("bleu", in: 0...100),
                    averageExit: try profile.optionalNumber(
                        "average_exit", in: 1...Double(decoderLayers))))
        }
        return profiles
    }
}
