public import JSON

extension ExitsConfiguration {
    /// The object of exits.json; reading it for the same N gives an equal value.
    ///
    /// Policies are listed in the order of `ExitPolicy`, and have thresholds as `ExitThresholds.Key` says.
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
        if !certificates.isEmpty {
            members.append(
                .init("certificates", .array(certificates.map { .object($0.json) })))
        }
        if let alignmentHeads {
            members.append(
                .init(
                    "alignment",
                    .object(JSONObject([.init("heads", Self.json(alignmentHeads))]))))
        }
        return JSONObject(members)
    }

    private static func json(_ heads: [[AlignmentHead]]) -> JSONValue {
        .array(
            heads.map { list in
                .array(
                    list.map { .array([.integer(Int64($0.layer)), .integer(Int64($0.head))]) })
            })
    }

    private var policies: JSONObject {
        JSONObject(
            ExitPolicy.allCases.compactMap { policy in
                members(of: policy).map { .init(policy.rawValue, .object(JSONObject($0))) }
            })
    }

    /// What the file says of a policy; nil where it says nothing.
    ///
    /// Thresholds of a policy that needs a head are left out with all else while they are the usual ones
    /// and nothing is known of the head.
    private func members(of policy: ExitPolicy) -> [JSONObject.Member]? {
        if policy.makesDrafts { return drafting?.members }
        let head = heads[policy]
        guard let kind = policy.thresholds, let values = thresholds[policy] else {
            return head?.members
        }
        let isUsual = values.allSatisfy { $0 == kind.usual }
        guard policy.head == nil || head != nil || !isUsual else { return nil }
        var members = head?.members ?? []
        members.append(.init(kind.key.rawValue, Self.json(values, kind.key)))
        if kind.haveProfiles, !profiles.isEmpty {
            let named = profiles.map { JSONObject.Member($0.name, .object($0.json(kind.key))) }
            members.append(.init("profiles", .object(JSONObject(named))))
        }
        return members
    }

    private static func json(_ thresholds: [Double], _ key: ExitThresholds.Key) -> JSONValue {
        guard key == .threshold, let first = thresholds.first,
            thresholds.allSatisfy({ $0 == first })
        else { return .array(thresholds.map(JSONValue.number)) }
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

extension ExitsConfiguration.Drafting {
    /// Nil where it is what a checkpoint has without them.
    fileprivate var members: [JSONObject.Member]? {
        guard exit != 1 || !ids.isEmpty else { return nil }
        let exit = JSONObject.Member("draft_exit", .integer(Int64(exit)))
        guard !ids.isEmpty else { return [exit] }
        return [exit, .init("draft_ids", .array(ids.map { .integer(Int64($0)) }))]
    }
}

extension ExitsConfiguration.Profile {
    fileprivate func json(_ key: ExitThresholds.Key) -> JSONObject {
        var members = [JSONObject.Member(key.rawValue, .array(thresholds.map(JSONValue.number)))]
        if let bleu { members.append(.init("bleu", .number(bleu))) }
        if let averageExit { members.append(.init("average_exit", .number(averageExit))) }
        return JSONObject(members)
    }
}
