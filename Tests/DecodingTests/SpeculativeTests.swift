import Checkpoint
import Decoding
import JSON
import Tensor
import TestSupport
import Testing
import TranslationModel

/// A rule of `speculative`; nil drafts: as many as pay.
private func speculative(_ drafts: Int?, layerCount: Int) -> ExitRule {
    ExitRule(.speculative, .init(drafts: drafts), layerCount: layerCount)
}

/// What of an output does not depend on who proposed its tokens.
private struct Output: Equatable {
    let ids: [Int]
    let logProbabilities: [Float]
    let score: Double
    let reason: FinishReason
    let alignment: [Int]?

    init(_ hypothesis: Hypothesis) {
        ids = hypothesis.tokens.map(\.id)
        logProbabilities = hypothesis.tokens.map(\.logProbability)
        score = hypothesis.score
        reason = hypothesis.finishReason
        alignment = hypothesis.alignment
    }
}

extension DecodingResult {
    fileprivate var outputs: [Output] { hypotheses.map(Output.init) }
}

/// A random model of five layers whose exits now and then agree.
private func randomModel(
    _ precision: Precision, separate: Bool = false, draftExit: Int = 1, draftIDs: [Int] = []
) throws -> TranslationModel {
    let directory = try TemporaryDirectory()
    var options = CheckpointWriter.Options()
    options.decoderLayers = 5
    options.vocabularySize = 40
    options.separateClassifiers = separate
    options.scale = 0.2
    var writer = CheckpointWriter(options)
    if var exits = writer.exits {
        var members = exits.members.filter { $0.name != "policies" }
        var drafting: [JSONObject.Member] = [.init("draft_exit", .integer(Int64(draftExit)))]
        if !draftIDs.isEmpty {
            drafting.append(
                .init("draft_ids", .array(draftIDs.map { .integer(Int64($0)) })))
        }
        var policies = exits["policies"]?.objectValue?.members ?? []
        policies.append(.init("speculative", .object(JSONObject(drafting))))
        members.append(.init("policies", .object(JSONObject(policies))))
        exits = JSONObject(members)
        writer.exits = exits
    }
    try writer.write(to: directory)
    return try TranslationModel(Checkpoint(directory: directory.path), precision: precision)
}

/// Sentences of a few lengths for a vocabulary of at least 20.
private let sources = (3...9).map { length in (1..<length).map { $0 * 5 % 19 + 1 } + [0] }

/// Searches with every rule that looks at what was produced before.
private func searches(_ exit: ExitRule) -> [DecodingOptions] {
    let plain = DecodingOptions(exit: exit)
    var all = [plain]
    func add(_ change: (inout DecodingOptions) -> Void) {
        var options = plain
        change(&options)
        all.append(options)
    }
    add { $0.minimumTokens = 9 }
    add { $0.maximumTokens = 3 }
    add { $0.repetitionPenalty = 1.4 }
    add { $0.noRepeatNgramSize = 2 }
    add {
        $0.prefix = [5, 7]
        $0.minimumTokens = 3
    }
    add { $0.aligns = true }
    add { $0.cutsLoops = true }
    add {
        $0.beamSize = 3
        $0.hypothesisCount = 2
    }
    return all
}

@Suite("Speculative decoding", .timeLimit(.minutes(10)))
struct SpeculativeTests {
    @Test(
        "gives the outputs of full depth to the bit, however many tokens are drafted",
        arguments: Precision.allCases, [nil, 0, 1, 2, 3, 7, 16])
    func equalsFullDepth(precision: Precision, drafts: Int?) throws {
        for model in [
            try randomModel(precision), try randomModel(precision, separate: true, draftExit: 2),
            try randomModel(precision, draftExit: 4, draftIDs: [0, 5, 7, 9, 11, 13, 39]),
        ] {
            for (full, own) in zip(
                searches(ExitRule(.full, layerCount: 5)),
                searches(speculative(drafts, layerCount: 5)))
            {
                let expected = try decodeTogether(sources, full, model)
                let got = try decodeTogether(sources, own, model)
                #expect(got.map(\.outputs) == expected.map(\.outputs))
                #expect(
                    got.map(\.operations.fullDepth) == expected.map(\.operations.fullDepth))
            }
        }
    }

    @Test(
        "gives the outputs of full depth with the networks of every family",
        arguments: ["marian/opus", "marian/ssru", "marian/before", "ctranslate2/float32"])
    func families(family: String) throws {
        let checkpoint = try Checkpoint(directory: Repository.path("Tests/Golden/\(family)"))
        let model = try TranslationModel(checkpoint)
        let count = model.decoderLayerCount
        let full = DecodingOptions(exit: ExitRule(.full, layerCount: count))
        let expected = try decodeTogether(sources, full, model)
        for drafts in [1, 2, 5] {
            let own = DecodingOptions(exit: speculative(drafts, layerCount: count))
            #expect(
                try decodeTogether(sources, own, model).map(\.outputs) == expected.map(\.outputs))
        }
    }

    @Test(
        "gives the shipped models the outputs of full depth, alone and together, in fewer passes",
        arguments: [("models/multi30k-de-en", "own.json")], Precision.allCases)
    func shippedModels(_ entry: (checkpoint: String, file: String), precision: Precision) throws {
        let checkpoint = try Checkpoint(directory: Repository.path(entry.checkpoint))
        let model = try TranslationModel(checkpoint, precision: precision)
        let sources = try Golden(entry.file).cases[0].sentences.map(\.sourceIDs)
        let full = DecodingOptions(exit: ExitRule(.full, layerCount: 6))
        let expected = try decodeTogether(sources, full, model)
        for drafts in [nil, 2, 4] {
            let own = DecodingOptions(exit: speculative(drafts, layerCount: 6))
            let together = try decodeTogether(sources, own, model)
            #expect(together.map(\.outputs) == expected.map(\.outputs))
            for (source, result) in zip(sources.prefix(8), expected) {
                let alone = try decodeTogether([source], own, model)
                #expect(alone.map(\.outputs) == [result.outputs])
                guard drafts != nil else { continue }
                let count = try #require(alone[0].speculation)
                let tokens = result.hypotheses[0].tokens.count
                #expect(count.passes < tokens)
                #expect(count.passes + count.accepted == tokens)
                #expect(count.weightBytes < count.weightBytesFullDepth)
            }
        }
    }

    @Test("counts drafts, passes and bytes, and names the exit of each token")
    func counts() throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        let model = try TranslationModel(checkpoint)
        let source = try Golden("own.json").cases[0].sentences[0].sourceIDs
        let own = DecodingOptions(exit: speculative(3, layerCount: 6))
        let result = try decodeTogether([source], own, model)[0]
        let count = try #require(result.speculation)
        let tokens = result.hypotheses[0].tokens
        #expect(count.accepted == tokens.count { $0.exitLayer == 1 })
        #expect(tokens.allSatisfy { $0.exitLayer == 1 || $0.exitLayer == 6 })
        #expect(count.drafted >= count.accepted)
        #expect(count.passes == tokens.count { $0.exitLayer == 6 })
        #expect(count.weightBytesFullDepth == tokens.count * model.passBytes)
        #expect(count.weightBytes > count.passes * model.passBytes)
        #expect(
            count.weightBytes
                <= count.passes * model.passBytes
                + (count.drafted + count.passes) * model.draftBytes)
        // Rejected rows are computed, too.
        #expect(result.operations.executed > result.operations.fullDepth / 2)

        let full = DecodingOptions(exit: ExitRule(.full, layerCount: 6))
        #expect(try decodeTogether([source], full, model)[0].speculation == nil)
    }

    @Test("mixes with other policies, which stay as they are")
    func mixture() throws {
        let model = try randomModel(.int8)
        let rules = [
            speculative(3, layerCount: 5), ExitRule(.fixed, .init(layer: 2), layerCount: 5),
            ExitRule(.confidence, .init(thresholds: [0.2, 0.2, 0.2, 0.2]), layerCount: 5),
            speculative(nil, layerCount: 5), ExitRule(.full, layerCount: 5),
        ]
        let states = model.encode(sources, scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        var expected: [Int: [Output]] = [:]
        for (index, source) in sources.enumerated() {
            let options = DecodingOptions(exit: rules[index % rules.count])
            let ticket = decoder.add(source: states[index], options: options)
            expected[ticket] = try decodeTogether([source], options, model)[0].outputs
        }
        while decoder.sentenceCount > 0 {
            for (ticket, result) in decoder.advance() {
                #expect(try result.get().outputs == expected[ticket])
            }
        }
    }

    @Test("reports every token once and in order")
    func reports() throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        let model = try TranslationModel(checkpoint)
        let source = try Golden("own.json").cases[0].sentences[0].sourceIDs
        let states = model.encode([source], scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        _ = decoder.add(
            source: states[0], options: .init(exit: speculative(3, layerCount: 6)),
            reportsTokens: true)
        var reported: [DecodedToken] = []
        var result: DecodingResult?
        while decoder.sentenceCount > 0 {
            for (_, outcome) in decoder.advance() { result = try outcome.get() }
            reported += decoder.newTokens.map(\.token)
        }
        #expect(reported == result?.hypotheses[0].tokens)
    }

    @Test("gives back the positions of rejected drafts")
    func memory() throws {
        let model = try randomModel(.float32)
        let same = Array(repeating: sources[3], count: 6)
        let states = model.encode(same, scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        func round() {
            for state in states {
                _ = decoder.add(
                    source: state, options: .init(exit: speculative(4, layerCount: 5)))
            }
            while decoder.sentenceCount > 0 { _ = decoder.advance() }
        }
        // The second round settles which memory serves which sentence.
        for _ in 0..<2 { round() }
        let bytes = decoder.byteCount
        for _ in 0..<20 { round() }
        #expect(decoder.byteCount == bytes)
    }

    @Test(
        "takes an expected output as drafts, right or wrong, and gives the same",
        arguments: [nil, 0, 3, 16])
    func expected(drafts: Int?) throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        let model = try TranslationModel(checkpoint, precision: .int8)
        let sources = try Golden("own.json").cases[0].sentences.prefix(6).map(\.sourceIDs)
        let full = DecodingOptions(exit: ExitRule(.full, layerCount: 6))
        for source in sources {
            let output = try decodeTogether([source], full, model)[0].outputs
            let ids = Array(output[0].ids.dropLast())
            let others = [
                ids, [], Array(ids.dropFirst()), Array(ids.prefix(3)), ids + ids, ids.reversed(),
                [5] + ids, ids.enumerated().map { $0 == 2 ? 7 : $1 }, [0, 0, 0],
                Array(repeating: ids[0], count: 200),
            ]
            for expected in others {
                var own = DecodingOptions(exit: speculative(drafts, layerCount: 6))
                own.expected = expected
                #expect(try decodeTogether([source], own, model)[0].outputs == output)
                own.beamSize = 2
                var beam = full
                beam.beamSize = 2
                #expect(
                    try decodeTogether([source], own, model)[0].outputs
                        == decodeTogether([source], beam, model)[0].outputs)
            }
        }
    }

    @Test("an output that was expected takes a few passes, one with another word few more")
    func expectedPasses() throws {
        let checkpoint = try Checkpoint(directory: Repository.model)
        let model = try TranslationModel(checkpoint)
        for source in try Golden("own.json").cases[0].sentences.prefix(6).map(\.sourceIDs) {
            func passes(_ expected: [Int]) throws -> (passes: Int, ids: [Int]) {
                var own = DecodingOptions(exit: speculative(16, layerCount: 6))
                own.expected = expected
                let result = try decodeTogether([source], own, model)[0]
                return (result.speculation?.passes ?? 0, result.outputs[0].ids)
            }
            let ids = Array(try passes([]).ids.dropLast())
            #expect(try passes(ids).passes == (ids.count + 17) / 17)
            var changed = ids
            changed[ids.count / 2] = 7
            #expect(try passes(changed).passes <= (ids.count + 17) / 17 + 1)
            changed.remove(at: ids.count / 2)
            #expect(try passes(changed).passes <= (ids.count + 17) / 17 + 2)
        }
    }

    @Test("drafts nothing for a decoder of one layer, or below a bound")
    func nothingToDraft() throws {
        let directory = try TemporaryDirectory()
        var options = CheckpointWriter.Options()
        options.decoderLayers = 1
        options.withExits = false
        try CheckpointWriter(options).write(to: directory)
        let single = try TranslationModel(Checkpoint(directory: directory.path))
        let result = try decodeTogether(
            [sources[0]], .init(exit: speculative(3, layerCount: 1)), single)[0]
        #expect(result.speculation?.drafted == 0)

        let model = try randomModel(.float32, draftExit: 2)
        let bounded = ExitRule(.speculative, .init(drafts: 3), bounds: 1...2, layerCount: 5)
        let fixed = ExitRule(.fixed, .init(layer: 2), layerCount: 5)
        let got = try decodeTogether(sources, .init(exit: bounded), model)
        #expect(got.allSatisfy { $0.speculation?.drafted == 0 })
        #expect(
            got.map(\.hypotheses)
                == (try decodeTogether(sources, .init(exit: fixed), model).map(\.hypotheses)))
    }

    @Test("fails where the network gives something that is not a number")
    func notFinite() throws {
        let directory = try TemporaryDirectory()
        var options = CheckpointWriter.Options()
        options.scale = 1e30
        try CheckpointWriter(options).write(to: directory)
        let model = try TranslationModel(Checkpoint(directory: directory.path))
        let states = model.encode([sources[0]], scratch: EncoderScratch(for: model))
        let decoder = BatchDecoder(model: model)
        _ = decoder.add(source: states[0], options: .init(exit: speculative(2, layerCount: 3)))
        let finished = decoder.advance()
        #expect(throws: DecodingError.notFinite(layer: 3)) { try finished[0].result.get() }
    }

    @Test("is refused outside its range", arguments: [-1, 17])
    func range(drafts: Int) async {
        await #expect(processExitsWith: .failure) { [drafts] in
            _ = ExitRule(.speculative, .init(drafts: drafts), layerCount: 2)
        }
    }
}
