import JSON

extension ExitsConfiguration {
    /// Reads the object of exits.json; nil stands for a directory without the file.
    init(
        _ object: JSONObject?, decoderLayers: Int, attentionHeads: Int, targetVocabularySize: Int
    ) throws(CheckpointError) {
        self.init(decoderLayers: decoderLayers)
        let keys = KeyReader(file: "exits.json", object: object ?? JSONObject([]))
        if object != nil {
            _ = try keys.integer("version", in: 1...1)
        }
        decoderTraining = try keys.optionalCase("decoder_training", of: DecoderTraining.self)
        classifiers =
            try keys.optionalCase("exit_classifiers", of: Classifiers.self) ?? classifiers
        if let policies = try keys.optionalObject("policies") {
            try read(policies, decoderLayers, targetVocabularySize)
        }
        if let alignment = try keys.optionalObject("alignment") {
            alignmentHeads = try Self.heads(alignment, decoderLayers, attentionHeads)
        }
        certificates = try Self.certificates(keys, decoderLayers)
        defaultPolicy =
            try keys.optionalCase("default_policy", of: ExitPolicy.self) ?? defaultPolicy
        guard !defaultPolicy.needsLayer else {
            throw keys.fault(
                .unsupportedValue, "default_policy", found: defaultPolicy.rawValue,
                expected: "a policy that needs no layer from the request")
        }
    }

    private mutating func read(
        _ policies: KeyReader, _ decoderLayers: Int, _ targetVocabularySize: Int
    ) throws(CheckpointError) {
        for member in policies.object.members {
            guard let policy = ExitPolicy(rawValue: member.name), policy.isConfigurable else {
                throw policies.fault(
                    .unsupportedValue, member.name, found: "no trained policy of this name",
                    expected: ExitPolicy.names(joinedBy: "or", where: \.isConfigurable))
            }
            guard let keys = try policies.optionalObject(member.name) else { continue }
            if policy.head != nil { heads[policy] = try HeadTraining(keys) }
            if policy.makesDrafts {
                drafting = try Self.drafting(keys, decoderLayers, targetVocabularySize)
            }
            guard let kind = policy.thresholds else { continue }
            thresholds[policy] =
                try Self.thresholds(kind.key, in: keys, count: decoderLayers - 1)
                ?? thresholds[policy]
            if kind.haveProfiles {
                profiles = try Self.profiles(kind.key, keys, decoderLayers: decoderLayers)
            }
        }
    }

    private static func certificates(
        _ keys: KeyReader, _ decoderLayers: Int
    ) throws(CheckpointError) -> [ExitCertificate] {
        guard let value = keys.value("certificates") else { return [] }
        guard let elements = value.arrayValue else {
            throw keys.fault(
                .wrongType, "certificates", found: value.kind, expected: "an array of objects")
        }
        var certificates: [ExitCertificate] = []
        for (index, element) in elements.enumerated() {
            let own = try KeyReader(
                file: keys.file, path: keys.subject("certificates[\(index)]"), value: element)
            certificates.append(try ExitCertificate(own, decoderLayers: decoderLayers))
        }
        return certificates
    }

    /// The exit that drafts, and its ids where they are given.
    private static func drafting(
        _ keys: KeyReader, _ decoderLayers: Int, _ targetVocabularySize: Int
    ) throws(CheckpointError) -> Drafting? {
        guard decoderLayers > 1 else { return nil }
        let exit = try keys.optionalInteger("draft_exit", in: 0...decoderLayers - 1) ?? 1
        guard keys.value("draft_ids") != nil else { return Drafting(exit: exit) }
        let ids = try keys.integers("draft_ids", in: 0...targetVocabularySize - 1)
        guard Set(ids).count == ids.count else {
            throw keys.fault(
                .unsupportedValue, "draft_ids", found: "an id twice", expected: "each id once")
        }
        return Drafting(exit: exit, ids: ids)
    }

    /// A list of [layer, head] for each exit.
    private static func heads(
        _ keys: KeyReader, _ layers: Int, _ heads: Int
    ) throws(CheckpointError) -> [[AlignmentHead]]? {
        guard let value = keys.value("heads") else { return nil }
        let lists = value.arrayValue?.map { list in
            (list.arrayValue ?? []).map { pair in
                (pair.arrayValue ?? []).compactMap { $0.integerValue.flatMap { Int(exactly: $0) } }
            }
        }
        let isSound = lists?.enumerated().allSatisfy { index, list in
            !list.isEmpty
                && list.allSatisfy {
                    $0.count == 2 && (1...index + 1).contains($0[0]) && (1...heads).contains($0[1])
                }
        }
        guard let lists, lists.count == layers, isSound == true else {
            throw keys.fault(
                .unsupportedValue, "heads", found: "something else",
                expected: """
                    for each of the \(layers) exits a list of [layer, head], the layer from 1 to the exit, \
                    the head from 1 to \(heads)
                    """)
        }
        return lists.map { $0.map { AlignmentHead(layer: $0[0], head: $0[1]) } }
    }

    /// One threshold for every exit below the last, given as a number or one by one.
    private static func thresholds(
        _ key: ExitThresholds.Key, in keys: KeyReader, count: Int
    ) throws(CheckpointError) -> [Double]? {
        let key = key.rawValue
        guard let value = keys.value(key) else { return nil }
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
        _ key: ExitThresholds.Key, _ policy: KeyReader, decoderLayers: Int
    ) throws(CheckpointError) -> [Profile] {
        guard let keys = try policy.optionalObject("profiles") else { return [] }
        var profiles: [Profile] = []
        for member in keys.object.members {
            let profile = try KeyReader(
                file: keys.file, path: keys.subject(member.name), value: member.value)
            let thresholds = try thresholds(key, in: profile, count: decoderLayers - 1)
            profiles.append(
                Profile(
                    name: member.name,
                    thresholds: try profile.required(key.rawValue, thresholds),
                    bleu: try profile.optionalNumber("bleu", in: 0...100),
                    averageExit: try profile.optionalNumber(
                        "average_exit", in: 1...Double(decoderLayers))))
        }
        return profiles
    }
}

extension ExitsConfiguration.HeadTraining {
    /// Reads what a policy's member says of its head.
    fileprivate init(_ keys: KeyReader) throws(CheckpointError) {
        let price = 0...Double.greatestFiniteMagnitude
        self.init(
            oracle: try keys.optionalCase("oracle", of: ExitsConfiguration.Oracle.self),
            lambda: try keys.optionalNumber("lambda", in: price),
            sigma: try keys.optionalNumber("sigma", in: price))
    }
}
