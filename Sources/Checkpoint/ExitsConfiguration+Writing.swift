public import JSON

extension ExitsConfiguration {
    /// The object of exits.json; reading it for the same N gives an equal value.
    ///
    /// Thresholds of `token_geometric` that differ from 0.5 list that policy even where `heads` does
    /// not. Equal thresholds of it are written as one number.
    public var json: JSONObject {
        var members: [JSONObject.Member] = [.init("version", .integer(1))]
        if let decoderTraining {
            members.append(.init("decoder_training", .string(decoderTraining.rawValue)))
        }
        members += [
            .init("exit_classifiers", .string(classifiers.rawValue)),
            .init("policies", .object(policies)),
            .init("default_policy", .string(defaultPolicy.rawValue)),
        ]
        return JSONObject(members)
    }

    private var policies: JSONObject {
        var members: [JSONObject.Member] = []
        for policy in [Policy.sequence, .tokenMultinomial] {
            guard let head = heads[policy] else { continue }
            members.append(.init(policy.rawValue, .object(JSONObject(head.members))))
        }
        let hasOwnThresholds = geometricThresholds.contains { $0 != 0.5 }
        if hasOwnThresholds || heads[.tokenGeometric] != nil {
            let head = heads[.tokenGeometric] ?? HeadTraining()
            let threshold = JSONObject.Member("threshold", Self.shortest(geometricThresholds))
            members.append(
                .init(
                    Policy.tokenGeometric.rawValue, .object(JSONObject(head.members + [threshold])))
            )
        }
        members.append(.init(Policy.confidence.rawValue, .object(confidence)))
        return JSONObject(members)
    }

    private var confidence: JSONObject {
        var members = [
            JSONObject.Member("thresholds", .array(confidenceThresholds.map(JSONValue.number)))
        ]
        if !profiles.isEmpty {
            let named = profiles.map { JSONObject.Member($0.name, .object($0.json)) }
            members.append(.init("profiles", .object(JSONObject(named))))
        }
        return JSONObject(members)
    }

    private static func shortest(_ thresholds: [Double]) -> JSONValue {
        guard let first = thresholds.first, thresholds.allSatisfy({ $0 == first }) else {
            return .array(thresholds.map(JSONValue.number))
        }
        return .number(first)
    }
}

extension ExitsConfiguration.HeadTraining {
    fileprivate var members: [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        if let oracle { members.append(.init("oracle", .string(oracle.rawValue))) }
        if let lambda { members.append(.init("lambda", .number(lambda))) }
        if let sigma { members.append(.init("sigma", .number(sigma))) }
        return members
    }
}

extension ExitsConfiguration.Profile {
    fileprivate var json: JSONObject {
        var members = [JSONObject.Member("thresholds", .array(thresholds.map(JSONValue.number)))]
        if let bleu { members.append(.init("bleu", .number(bleu))) }
        if let averageExit { members.append(.init("average_exit", .number(averageExit))) }
        return JSONObject(members)
    }
}
