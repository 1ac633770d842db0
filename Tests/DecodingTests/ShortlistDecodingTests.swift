import Checkpoint
import Decoding
import Tensor
import TestSupport
import Testing
import TranslationModel

/// A random model with all heads.
private func randomModel(_ precision: Precision, separate: Bool = false) throws -> TranslationModel
{
    let directory = try TemporaryDirectory()
    var options = CheckpointWriter.Options()
    options.decoderLayers = 5
    options.vocabularySize = 70
    options.separateClassifiers = separate
    options.scale = 0.6
    try CheckpointWriter(options).write(to: directory)
    return try TranslationModel(Checkpoint(directory: directory.path), precision: precision)
}

private let sources = (3...10).map { length in (1..<length).map { $0 * 5 % 19 + 1 } + [0] }

/// Candidates of the sentence of a number: a part of the ids, the end of sentence among them.
private func candidates(_ number: Int) -> [Int] {
    [0] + (1..<70).filter { $0 % 3 == number % 3 || $0 % 7 == number % 7 }
}

/// Every policy that has its head, greedily and with a beam, some with rules against repetitions.
private func searches(_ model: TranslationModel) -> [DecodingOptions] {
    let thresholds = [0.5, 0.4, 0.3, 0.25]
    let rules = ExitPolicy.allCases.filter { policy in
        policy.head.map { model.availableHeads.contains($0) } ?? true
    }.map { policy in
        ExitRule(
            policy, .init(layer: 3, thresholds: thresholds, candidates: 8), layerCount: 5)
    }
    return rules.flatMap { rule -> [DecodingOptions] in
        let greedy = DecodingOptions(exit: rule)
        var beam = greedy
        beam.beamSize = 3
        beam.hypothesisCount = 3
        beam.minimumTokens = 2
        var unseen = greedy
        unseen.scores = false
        var strict = beam
        strict.repetitionPenalty = 1.3
        strict.noRepeatNgramSize = 2
        return [greedy, beam, unseen, strict]
    }
}

/// Decodes sentences together, each with candidates of its own where `listed` says so.
private func decode(
    _ numbers: [Int], _ options: DecodingOptions, _ model: TranslationModel,
    listed: (Int) -> Bool = { _ in true }
) throws -> [DecodingResult] {
    let states = model.encode(
        numbers.map { sources[$0] }, scratch: EncoderScratch(for: model))
    let decoder = BatchDecoder(model: model)
    let tickets = zip(numbers, states).map { number, state in
        var own = options
        own.candidates = listed(number) ? candidates(number) : []
        return decoder.add(source: state, options: own)
    }
    var results: [Int: DecodingResult] = [:]
    while decoder.sentenceCount > 0 {
        for (ticket, result) in decoder.advance() { results[ticket] = try result.get() }
    }
    return try tickets.map { try #require(results[$0]) }
}

@Suite("Decoding with candidates of a shortlist", .timeLimit(.minutes(10)))
struct ShortlistDecodingTests {
    @Test(
        "Tokens are those of an independent decoder that knows the candidates alone, greedy, with a beam, at every exit and by confidence",
        arguments: ["ssru", "before"])
    func golden(name: String) throws {
        let checkpoint = try Checkpoint(directory: Repository.path("Tests/Golden/marian/\(name)"))
        let model = try TranslationModel(checkpoint)
        let all = try ShortlistGolden(name).cases
        #expect(all.count >= 48)
        for golden in all {
            let rule =
                golden.exit.map { ExitRule(.fixed, .init(layer: $0), layerCount: 3) }
                ?? ExitRule(
                    .confidence,
                    .init(thresholds: Array(repeating: golden.threshold ?? 1, count: 2)),
                    layerCount: 3)
            var options = DecodingOptions(exit: rule)
            options.beamSize = golden.beam
            options.candidates = golden.candidates
            let result = try decodeTogether([golden.source], options, model)[0]
            #expect(result.hypotheses[0].tokens.map(\.id) == golden.tokens, "\(golden)")
            #expect(result.candidates == golden.candidates.count)
            if golden.exit == nil {
                #expect(result.hypotheses[0].tokens.map(\.exitLayer) == golden.exits)
            }
        }
    }

    @Test(
        "Where every id is a candidate the outputs are those without any, to the bit",
        arguments: Precision.allCases, [false, true])
    func allAreCandidates(precision: Precision, separate: Bool) throws {
        let model = try randomModel(precision, separate: separate)
        for options in searches(model) {
            var listed = options
            listed.candidates = Array(0..<70)
            let expected = try decodeTogether(sources, options, model)
            let got = try decodeTogether(sources, listed, model)
            for (got, expected) in zip(got, expected) {
                guard options.scores else {
                    #expect(
                        got.hypotheses[0].tokens.map(\.id)
                            == expected.hypotheses[0].tokens.map(\.id))
                    continue
                }
                // Which exit drafted a token depends on the clock.
                let isExact = !options.exit.policy.makesDrafts
                #expect(
                    got.hypotheses.map { $0.tokens.map(\.logProbability) }
                        == expected.hypotheses.map { $0.tokens.map(\.logProbability) })
                #expect(got.hypotheses.map(\.score) == expected.hypotheses.map(\.score))
                if isExact {
                    #expect(got.hypotheses == expected.hypotheses)
                    #expect(got.operations == expected.operations)
                }
            }
        }
    }

    @Test(
        "A sentence has the same outputs and operations alone, among others, and among others without candidates",
        arguments: Precision.allCases, [false, true])
    func alone(precision: Precision, separate: Bool) throws {
        let model = try randomModel(precision, separate: separate)
        let numbers = Array(sources.indices)
        for options in searches(model) where !options.exit.policy.makesDrafts {
            let together = try decode(numbers, options, model)
            let mixed = try decode(numbers, options, model) { $0.isMultiple(of: 2) }
            let open = try decode(numbers, options, model) { _ in false }
            for number in numbers {
                let alone = try decode([number], options, model)[0]
                #expect(together[number] == alone)
                #expect(mixed[number] == (number.isMultiple(of: 2) ? alone : open[number]))
                let ids = Set(alone.hypotheses.flatMap { $0.tokens.map(\.id) })
                #expect(ids.isSubset(of: candidates(number)))
            }
        }
    }

    @Test("Operations are those of the candidates, and full depth's those of all ids")
    func operations() throws {
        let model = try randomModel(.float32)
        let options = DecodingOptions(exit: ExitRule(.full, layerCount: 5))
        let width = model.configuration.width
        for (number, result) in try decode(Array(sources.indices), options, model).enumerated() {
            let saved = 2 * width * (70 - candidates(number).count)
            let tokens = result.hypotheses[0].tokens.count
            #expect(result.operations.fullDepth - result.operations.executed == saved * tokens)
        }
    }

    @Test(
        "Drafts change nothing: speculative gives what full depth gives with the same candidates",
        arguments: Precision.allCases)
    func speculative(precision: Precision) throws {
        let model = try randomModel(precision)
        let numbers = Array(sources.indices)
        let full = try decode(
            numbers, DecodingOptions(exit: ExitRule(.full, layerCount: 5)), model)
        for drafts in [1, 4] {
            let rule = ExitRule(.speculative, .init(drafts: drafts), layerCount: 5)
            let own = try decode(numbers, DecodingOptions(exit: rule), model)
            for (own, full) in zip(own, full) {
                let (own, tokens) = (own, full.hypotheses[0].tokens)
                #expect(own.hypotheses[0].tokens.map(\.id) == tokens.map(\.id))
                #expect(
                    own.hypotheses[0].tokens.map(\.logProbability) == tokens.map(\.logProbability))
                let count = try #require(own.speculation)
                #expect(count.weightBytesFullDepth == tokens.count * model.passBytes)
            }
        }
    }

    @Test("A forced token need not be a candidate, and a banned one is not chosen")
    func forced() throws {
        let model = try randomModel(.int8)
        var options = DecodingOptions(exit: ExitRule(.full, layerCount: 5))
        options.prefix = [69]
        options.minimumTokens = 3
        options.candidates = [0, 4, 8]
        for result in try decodeTogether(sources, options, model) {
            let ids = result.hypotheses[0].tokens.map(\.id)
            #expect(ids.count >= 4)
            #expect(ids.prefix(3).allSatisfy { [4, 8].contains($0) })
            #expect(ids.allSatisfy { [0, 4, 8].contains($0) })
        }
    }
}
