import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

/// A random network of five layers with a side branch of some of them.
private struct BranchedModel {
    let directory: TemporaryDirectory

    init(
        _ layers: [Int], normalizesBefore: Bool = false, draftExit: Int = 0, draftIDs: [Int] = []
    ) throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 5
        options.vocabularySize = 40
        options.scale = 0.2
        options.normalizesBefore = normalizesBefore
        var writer = CheckpointWriter(options)
        if normalizesBefore {
            let d = options.width
            for stack in ["encoder", "decoder"] {
                let values = (0..<d).map { 0.1 * Float($0 % 5) }
                writer.model.append(
                    "model.\(stack).layer_norm.weight", [d], values.map { 0.8 + $0 })
                writer.model.append("model.\(stack).layer_norm.bias", [d], values)
            }
        }
        writer.exitHeads?.appendBranch(layers: layers, of: writer.model)
        var drafting: [JSONObject.Member] = [.init("draft_exit", .integer(Int64(draftExit)))]
        if !draftIDs.isEmpty {
            drafting.append(.init("draft_ids", .array(draftIDs.map { .integer(Int64($0)) })))
        }
        let exits = try #require(writer.exits)
        let policies = exits["policies"]?.objectValue?.members ?? []
        writer.exits = JSONObject(
            exits.members.filter { $0.name != "policies" } + [
                .init(
                    "policies",
                    .object(
                        JSONObject(
                            policies + [.init("speculative", .object(JSONObject(drafting)))])))
            ])
        directory = try TemporaryDirectory()
        try writer.write(to: directory)
    }

    func load(_ precision: Precision = .float32) throws -> TranslationModel {
        try TranslationModel(Checkpoint(directory: directory.path), precision: precision)
    }
}

private let layerCount = 5

private func fixed(_ layer: Int) -> ExitRule {
    ExitRule(.fixed, .init(layer: layer), layerCount: layerCount)
}

/// Sentences of a few lengths for a vocabulary of at least 20.
private let sources = (3...9).map { length in (1..<length).map { $0 * 5 % 19 + 1 } + [0] }

/// Searches that look at what was produced before, or return more than tokens.
private func searches(_ exit: ExitRule) -> [DecodingOptions] {
    var all = [DecodingOptions(exit: exit), DecodingOptions(exit: exit, scores: false)]
    func add(_ change: (inout DecodingOptions) -> Void) {
        var options = DecodingOptions(exit: exit)
        change(&options)
        all.append(options)
    }
    add { $0.minimumTokens = 9 }
    add { $0.repetitionPenalty = 1.4 }
    add { $0.prefix = [5, 7] }
    add { $0.aligns = true }
    add { $0.candidates = [0, 3, 5, 7, 11, 13, 17, 19, 23] }
    add {
        $0.beamSize = 3
        $0.hypothesisCount = 2
    }
    return all
}

/// A result without the layers where tokens left.
private func outputs(_ results: [DecodingResult]) -> [[[Float]]] {
    results.map { result in
        result.hypotheses.map { hypothesis in
            hypothesis.tokens.flatMap { [Float($0.id), $0.logProbability] }
                + [Float(hypothesis.score)] + (hypothesis.alignment ?? []).map(Float.init)
        }
    }
}

@Suite("The side branch", .timeLimit(.minutes(10)))
struct SideBranchTests {
    @Test(
        "of the network's first layers gives what an exit behind them gives, to the bit",
        arguments: Precision.allCases, [1, 2])
    func equalsFirstLayers(precision: Precision, depth: Int) throws {
        for before in [false, true] {
            let model = try BranchedModel(Array(1...depth), normalizesBefore: before)
                .load(precision)
            #expect(model.branchLayerCount == depth)
            for (own, expected) in zip(searches(fixed(0)), searches(fixed(depth))) {
                let got = try decodeTogether(sources, own, model)
                let want = try decodeTogether(sources, expected, model)
                #expect(outputs(got) == outputs(want))
                #expect(got.map(\.operations) == want.map(\.operations))
                #expect(
                    got.allSatisfy { result in
                        result.hypotheses.allSatisfy { $0.tokens.allSatisfy { $0.exitLayer == 0 } }
                    })
            }
        }
    }

    @Test(
        "drafts for speculative, which gives what full depth gives, to the bit",
        arguments: Precision.allCases, [nil, 1, 3, 7])
    func drafts(precision: Precision, drafts: Int?) throws {
        for branched in [
            try BranchedModel([1]), try BranchedModel([3, 5]),
            try BranchedModel([5], normalizesBefore: true, draftIDs: [0, 5, 7, 9, 11, 13, 38]),
        ] {
            let model = try branched.load(precision)
            #expect(model.draftExit == 0)
            let rule = ExitRule(.speculative, .init(drafts: drafts), layerCount: layerCount)
            let full = ExitRule(.full, layerCount: layerCount)
            for (own, expected) in zip(searches(rule), searches(full)) {
                let got = try decodeTogether(sources, own, model)
                let want = try decodeTogether(sources, expected, model)
                #expect(outputs(got) == outputs(want))
                #expect(
                    got.map(\.operations.fullDepth) == want.map(\.operations.fullDepth))
            }
        }
    }

    @Test("that knows all that full depth knows is always right, and is asked one pass for many")
    func acceptance() throws {
        let model = try BranchedModel([1, 2, 3, 4]).load()
        let first = try BranchedModel([1]).load()
        func decode(_ model: TranslationModel, _ drafts: Int) throws -> SpeculationCount {
            let rule = ExitRule(.speculative, .init(drafts: drafts), layerCount: layerCount)
            let results = try decodeTogether(sources, DecodingOptions(exit: rule), model)
            return results.compactMap(\.speculation).reduce(SpeculationCount(), +)
        }
        let (deep, shallow) = (try decode(model, 3), try decode(first, 3))
        #expect(deep.accepted > 0 && deep.drafted > deep.accepted)
        // Accepted drafts leave at exit 0, each for a pass that was not made.
        let rule = ExitRule(.speculative, .init(drafts: 3), layerCount: layerCount)
        let results = try decodeTogether(sources, DecodingOptions(exit: rule), model)
        let tokens = results.flatMap { $0.hypotheses[0].tokens }
        #expect(tokens.count { $0.exitLayer == 0 } == deep.accepted)
        #expect(tokens.count == deep.accepted + deep.passes)
        // A branch of more layers reads more.
        #expect(
            deep.weightBytes * shallow.passes > shallow.weightBytes * deep.passes)
    }

    @Test("shares a batch with other policies, and no output depends on that")
    func mixed() throws {
        let model = try BranchedModel([1]).load()
        let rules = [
            fixed(0), ExitRule(.full, layerCount: layerCount), fixed(2),
            ExitRule(.speculative, .init(drafts: 2), layerCount: layerCount),
        ]
        let decoder = BatchDecoder(model: model)
        let states = model.encode(sources, scratch: EncoderScratch(for: model))
        var wanted: [Int: DecodingResult] = [:]
        for (source, state) in zip(sources, states) {
            for rule in rules {
                let options = DecodingOptions(exit: rule)
                let ticket = decoder.add(source: state, options: options, reportsTokens: true)
                wanted[ticket] = try decodeTogether([source], options, model)[0]
            }
        }
        #expect(decoder.sentenceCount == wanted.count)
        #expect(decoder.rowCount == wanted.count)
        let dropped = try #require(wanted.keys.min())
        decoder.remove(dropped)
        wanted[dropped] = nil
        var tokens: [Int: [DecodedToken]] = [:]
        var found = 0
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() {
                let result = try result.get()
                #expect(outputs([result]) == outputs([try #require(wanted[ticket])]))
                found += 1
            }
            for (ticket, token) in decoder.newTokens { tokens[ticket, default: []].append(token) }
        }
        #expect(found == wanted.count)
        for (ticket, result) in wanted {
            #expect(tokens[ticket]?.map(\.id) == result.hypotheses[0].tokens.map(\.id))
        }
        #expect(tokens.values.joined().contains { $0.exitLayer == 0 })
    }

    @Test("is part of a pack, and read from it with the same bits")
    func packs() throws {
        let branched = try BranchedModel([2])
        let checkpoint = try Checkpoint(directory: branched.directory.path)
        let model = try TranslationModel(checkpoint, precision: .int8)
        let network = try checkpoint.checksums().network
        let path = branched.directory.path + "/pack"
        _ = try model.writePack(to: path, network: network)
        let pack = try NetworkPack(
            path, kind: NetworkPack.kind(.int8), network: network, owners: [])
        let mapped = try TranslationModel(
            Checkpoint(directory: branched.directory.path), precision: .int8, pack: pack)
        #expect(mapped.isMapped)
        #expect(mapped.byteCount == model.byteCount)
        for options in searches(fixed(0)) {
            #expect(
                outputs(try decodeTogether(sources, options, mapped))
                    == outputs(try decodeTogether(sources, options, model)))
        }
    }

    /// What is wrong, tensors of a branch of one layer changed so, and what the error says.
    typealias Fault = (
        name: String, change: @Sendable (inout TensorFile) -> Void, code: CheckpointError.Code,
        subject: String
    )

    static let faults: [Fault] = [
        (
            "a layer that is not whole",
            {
                $0.tensors.removeAll { $0.name == "exits.branch.layers.0.encoder_attn.q_proj.bias" }
            },
            .tensorMissing, "exits.branch.layers.0.encoder_attn.q_proj.bias"
        ),
        (
            "a second layer without a first",
            { file in
                for index in file.tensors.indices {
                    let name = file.tensors[index].name
                    guard name.hasPrefix("exits.branch.layers.0.") else { continue }
                    file.tensors[index].name =
                        "exits.branch.layers.1." + name.dropFirst("exits.branch.layers.0.".count)
                }
            }, .unsupportedValue, "exits.branch.layers.1.self_attn.k_proj.weight"
        ),
        (
            "a tensor that no layer reads",
            { $0.append("exits.branch.extra", [1], [1]) }, .unsupportedValue, "exits.branch.extra"
        ),
        (
            "a matrix of another shape",
            { file in
                file.tensors.removeAll { $0.name == "exits.branch.layers.0.fc1.weight" }
                file.append("exits.branch.layers.0.fc1.weight", [2, 2], [1, 2, 3, 4])
            }, .shapeMismatch, "exits.branch.layers.0.fc1.weight"
        ),
    ]

    @Test("is refused by the name of what is wrong", arguments: 0..<4)
    func refused(index: Int) throws {
        let (name, change, code, subject) = Self.faults[index]
        var options = CheckpointWriter.Options()
        options.decoderLayers = 3
        var writer = CheckpointWriter(options)
        writer.exitHeads?.appendBranch(layers: [1], of: writer.model)
        if var heads = writer.exitHeads {
            change(&heads)
            writer.exitHeads = heads
        }
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        let error = #expect(throws: CheckpointError.self, "\(name)") {
            try TranslationModel(Checkpoint(directory: directory.path))
        }
        #expect(error?.code == code, "\(name): \(String(describing: error))")
        #expect(error?.subject == subject || index == 1, "\(name): \(String(describing: error))")
    }

    @Test("of as many layers as the network is refused, and drafts of one that is not there, too")
    func limits() throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 2
        var writer = CheckpointWriter(options)
        writer.exitHeads?.appendBranch(layers: [1, 2], of: writer.model)
        let directory = try TemporaryDirectory()
        try writer.write(to: directory)
        let error = #expect(throws: CheckpointError.self) {
            try TranslationModel(Checkpoint(directory: directory.path))
        }
        #expect(error?.expected.contains("at most 1 layers") == true)

        let without = try BranchedModel([])
        let missing = #expect(throws: CheckpointError.self) { try without.load() }
        #expect(missing?.subject == "exits.branch.layers.0.fc1.weight")
        #expect(missing?.expected.contains("\"draft_exit\": 0") == true)
    }
}
